"""What may be asked of the agent: one function per request, as provider/README.md lists them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from . import confirmation, distribution, facts, lock, manifest, recall, removal, survey, transaction
from .change import Change
from .commands import Commands
from .declaration import Declaration, parse, service_name
from .errors import AgentError
from .live import Live
from .measurements import Measurements
from .scrubber import Scrubber
from .store import Store
from .undo import Undo
from .undo_log import Logged, UndoLog

Request = Mapping[str, Any]


@dataclass(frozen=True)
class Call:
    """One request and what it is worked on with."""

    store: Store
    commands: Commands
    scrubber: Scrubber
    request: Request

    @property
    def service(self) -> str:
        return service_name(self.request.get("service"))

    @property
    def declared(self) -> Declaration:
        return parse(self.service, self.request.get("declared") or {})


def look(call: Call) -> dict[str, Any]:
    """Without running a declared command."""
    return {"live": _live(call, with_steps=False)}


def read(call: Call) -> dict[str, Any]:
    """Steps included."""
    return {"live": _live(call, with_steps=True)}


def _live(call: Call, *, with_steps: bool, printed: Mapping[str, str] | None = None) -> dict[str, Any]:
    distribution.refuse_unsupported()
    return Live(call.store, call.commands, call.scrubber, call.declared, with_steps, printed or {}).read()


def read_manifest(call: Call) -> dict[str, Any]:
    """What was declared when this host was last changed, which services it has, and which a change left half done."""
    found = manifest.load(call.store, call.service)
    declared = dict(found.declared) if found else None
    return {"declared": declared, "services": call.store.services(), "unfinished": lock.cut_off(call.store)}


def apply(call: Call) -> dict[str, Any]:
    """The transaction."""
    distribution.refuse_unsupported()
    declared = call.declared
    with confirmation.writing(call.store, call.commands):
        notes = undo_unfinished(call.store, call.commands)
        removal.forget(call.store, declared)
        change = _change(call, declared)
        token = transaction.run(change)
    notes += change.notes + _left_behind(change)
    live = _live(call, with_steps=True, printed=change.printed)
    return {"live": live, "notes": notes, "token": token}


def _change(call: Call, declared: Declaration) -> Change:
    known = manifest.load(call.store, call.service)
    previous = parse(call.service, known.declared if known else {})
    log = UndoLog(call.store.transaction(call.service))
    return Change(call.store, call.commands, call.scrubber, declared, previous, known, log)


def _left_behind(change: Change) -> list[str]:
    """What is declared no longer and stays all the same."""
    kinds = (
        ("package", change.previous.packages, change.declared.packages),
        ("user", change.previous.users, change.declared.users),
        ("directory", change.previous.directories, change.declared.directories),
    )
    left = [f"{kind} {name}" for kind, old, new in kinds for name in old if name not in new]
    return [f"{what} is declared no longer and stays" for what in left]


def undo_unfinished(store: Store, commands: Commands) -> list[str]:
    """Puts back what a killed agent left half done, whatever service it was for; says so."""
    return [_undo_unfinished(store, commands, service) for service in store.unfinished()]


def _undo_unfinished(store: Store, commands: Commands, service: str) -> str:
    folder = store.transaction(service)
    logged = Logged(folder)
    undone = Undo(commands.unstoppable(), logged.before, logged.acted, folder).run()
    if undone.failed:
        raise AgentError(f"{service}: an earlier change was cut off and cannot be undone: {' / '.join(undone.failed)}")
    UndoLog(folder).abandon()
    return f"an earlier change of {service} was cut off ({logged.stage or 'as it began'}) and was undone first"


def confirm(call: Call) -> dict[str, Any]:
    """The change stays."""
    with lock.writing(call.store, call.commands):
        confirmation.confirm(call.store, call.commands, call.service, str(call.request.get("token")))
    return {}


def delete(call: Call) -> dict[str, Any]:
    """The host as it was before us."""
    with confirmation.writing(call.store, call.commands):
        undo_unfinished(call.store, call.commands)
        return removal.Removal(call.store, call.commands, call.declared).run()


def prefetch(call: Call) -> dict[str, Any]:
    """Downloads packages that later changes install."""
    distribution.refuse_unsupported()
    with confirmation.writing(call.store, call.commands):
        return {"downloaded": distribution.prefetch(call.commands, call.request.get("packages") or [])}


def measure(call: Call) -> dict[str, Any]:
    """Facts, and what each requirement is measured by."""
    known = facts.collect(call.commands)
    required = call.request.get("requirements") or {}
    return {"facts": known, "measured": Measurements(call.commands, known, required).all()}


def take_stock(call: Call) -> dict[str, Any]:
    """What is on this host, declared or not."""
    request = call.request
    return survey.collect(call.commands, request.get("folders") or [], request.get("paths") or [])


def recall_secrets(call: Call) -> dict[str, Any]:
    """The secrets that live files have where the declared ones would, in clear: for whoever may read them as root."""
    return {"secrets": recall.secrets(call.declared)}


READERS: dict[str, Callable[[Call], dict[str, Any]]] = {
    "look": look,
    "read": read,
    "manifest": read_manifest,
    "measure": measure,
    "survey": take_stock,
    "recall": recall_secrets,
}
WRITERS: dict[str, Callable[[Call], dict[str, Any]]] = {
    "apply": apply,
    "confirm": confirm,
    "delete": delete,
    "prefetch": prefetch,
}
