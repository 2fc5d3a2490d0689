"""What may be asked of the agent: one function per request, as provider/README.md lists them; here those that read.

What only some requests need is imported with the first of them: most agents start to be asked how things are.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from . import distribution, lock, manifest
from .commands import Commands
from .declaration import Declaration, parse, service_name
from .errors import AgentError
from .live import Live
from .scrubber import Scrubber
from .store import Store
from .together import Together

Request = Mapping[str, Any]


@dataclass(frozen=True)
class Call:
    """One request and what it is worked on with."""

    store: Store
    commands: Commands
    scrubber: Scrubber
    request: Request
    together: Together = field(default_factory=Together)

    @property
    def service(self) -> str:
        return service_name(self.request.get("service"))

    @property
    def declared(self) -> Declaration:
        return parse(self.service, self.request.get("declared") or {})


def look(call: Call) -> dict[str, Any]:
    """Without running a declared command."""
    return {"live": live(call, with_steps=False, together=call.together)}


def read(call: Call) -> dict[str, Any]:
    """Steps included."""
    return {"live": live(call, with_steps=True, together=call.together)}


def live(
    call: Call, *, with_steps: bool, printed: Mapping[str, str] | None = None, together: Together | None = None
) -> dict[str, Any]:
    """The service as it is."""
    distribution.refuse_unsupported()
    shared = together or Together()
    return Live(call.store, call.commands, call.scrubber, call.declared, with_steps, printed or {}, shared).read()


def read_manifest(call: Call) -> dict[str, Any]:
    """What was declared when this host was last changed, which services it has, and which a change left half done."""
    services, unfinished = call.store.services(), lock.cut_off(call.store)
    told: dict[str, Any] = {"declared": None, "services": services, "unfinished": unfinished, "damaged": ""}
    service = call.service
    try:
        found = manifest.load(call.store, service)
    except AgentError as error:
        return {**told, "damaged": str(error)}
    return {**told, "declared": dict(found.declared)} if found else told


def measure(call: Call) -> dict[str, Any]:
    """Facts, and what each requirement is measured by."""
    from . import facts, measurements

    known = facts.collect(call.commands)
    required = call.request.get("requirements") or {}
    return {"facts": known, "measured": measurements.Measurements(call.commands, known, required).all()}


def take_stock(call: Call) -> dict[str, Any]:
    """What is on this host, declared or not."""
    from . import survey

    request = call.request
    return survey.collect(call.commands, request.get("folders") or [], request.get("paths") or [])


def recall_secrets(call: Call) -> dict[str, Any]:
    """The secrets that live files have where the declared ones would, in clear: for whoever may read them as root."""
    from . import recall

    return {"secrets": recall.secrets(call.declared)}


READERS: dict[str, Callable[[Call], dict[str, Any]]] = {
    "look": look,
    "read": read,
    "manifest": read_manifest,
    "measure": measure,
    "survey": take_stock,
    "recall": recall_secrets,
}
WRITERS = frozenset({"apply", "confirm", "delete", "prefetch"})


def operation(name: Any) -> Callable[[Call], dict[str, Any]]:
    """What answers requests of that name; raises when none does."""
    if name in WRITERS:
        found: Callable[[Call], dict[str, Any]] = getattr(importlib.import_module(".writers", __package__), name)
        return found
    if name not in READERS:
        raise AgentError(f"the agent knows no request {name!r}")
    return READERS[name]
