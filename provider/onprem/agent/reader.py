"""The reader: answers what the manifests on this host list, to whoever holds a key that can start nothing else.

Installed as a program of its own, which sshd starts through sudo. It trusts nothing that it is sent: a request names
an operation and a service, never a path, a command or a text to compare with. What is read, and how, is in manifests.
"""

from __future__ import annotations

import os
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from . import distribution, facts, frames, manifest, places
from .commands import TERMINATE_SECONDS, Commands
from .declaration import parse
from .errors import AgentError
from .live import Live
from .main import Agent
from .measurements import Measurements, mount_points
from .operations import WRITERS, Call, read_manifest
from .recovered import Recovered, of_host, of_service
from .scrubber import Scrubber
from .store import Store

MARKER = b"\0onprem-reader\0"
NO_PLACE = f"onprem-reader: all {places.COUNT} places are taken"
LARGEST_REQUEST = 4 * 1024
MOST_REQUESTS = 200
"""A look at twenty services asks 41. All may wait at once, and one of nested lists takes 40 times its size."""
FIELDS = ("id", "service", "requirements")
SECONDS = 900
NICENESS = 10
PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----|\Z)", re.DOTALL
)
NOT_MEASURED = ("resolves", "unclaimed", "majorities")
"""It would look up names, and send to addresses, of the client's choice."""


class Reader(Agent):
    """An agent whose client is not trusted."""

    _asked = 0

    def expire(self) -> None:
        """Ends everything, also what waits for a client that takes no answer."""
        self._ending.set()
        self.end()
        time.sleep(TERMINATE_SECONDS + 1)
        os._exit(1)

    def _frame(self) -> dict[str, Any] | None:
        frame = frames.read(self._source, LARGEST_REQUEST)
        if frame is None:
            return None
        op = str(frame.get("op"))
        self._asked += op != "ping"
        if self._asked > MOST_REQUESTS:
            raise AgentError(f"a connection is good for {MOST_REQUESTS} requests; open another")
        return {"op": op, **{name: frame[name] for name in FIELDS if name in frame}}

    def _answer(self, request: dict[str, Any]) -> None:
        hide: Callable[[str], str] = without_private_keys
        try:
            self._ending.check()
            found = of_host(self._store)
            hide = _hider(found)
            answer = {"result": self._result(request, found, hide)}
        except AgentError as error:
            answer = {"error": {"message": str(error)}}
        except Exception as error:  # noqa: BLE001 - what it says could be anything
            answer = {"error": {"message": f"the reader failed: {type(error).__name__}"}}
        self._send({"id": request.get("id"), **_hidden(answer, hide)})

    def _result(self, request: Mapping[str, Any], found: Recovered, hide: Callable[[str], str]) -> dict[str, Any]:
        def progress(text: str) -> None:
            self._send({"id": request.get("id"), "progress": hide(text)})

        scrubber = Scrubber({**found.known, **{f"other {text}": text for text in found.others}})
        call = Call(self._store, Commands(self._ending, progress), scrubber, request, self._together)
        op = request.get("op")
        if op in WRITERS:
            raise AgentError(f"this login only reads; {op} needs one that may change the host")
        if op not in OPERATIONS:
            raise AgentError("the reader knows no such request")
        return OPERATIONS[op](call)


def look(call: Call) -> dict[str, Any]:
    """Without running a command of the manifest."""
    return _live(call, with_steps=False)


def read(call: Call) -> dict[str, Any]:
    """Steps included, by the commands of the manifest."""
    return _live(call, with_steps=True)


def _live(call: Call, *, with_steps: bool) -> dict[str, Any]:
    """With what the manifest declares: the client cannot say what it would like to see."""
    distribution.refuse_unsupported()
    kept = manifest.load(call.store, call.service)
    if kept is None:
        raise AgentError("the reader serves only what the manifests on its host list, and none has this service")
    secrets = kept.declared.get("secrets") or {}
    if secrets.keys() - kept.secret_digests.keys():
        raise AgentError("the host's record of it is older than the reader; any change of the service renews it")
    own = of_service(parse(call.service, kept.declared), kept.secret_digests)
    declared = parse(call.service, {**kept.declared, "secrets": own.known})
    live = Live(call.store, call.commands, call.scrubber, declared, with_steps, {}, call.together).read()
    return {"live": live, "declared": kept.declared}


def measure(call: Call) -> dict[str, Any]:
    """What needs no look at names and paths of the client's choice."""
    asked = call.request.get("requirements") or {}
    required = {name: need for name, need in asked.items() if name not in NOT_MEASURED}
    if paths := required.get("free_disk_mb"):
        allowed = mount_points()
        required["free_disk_mb"] = {path: need for path, need in paths.items() if path in allowed}
    known = facts.collect(call.commands)
    return {"facts": known, "measured": Measurements(call.commands, known, required).all()}


OPERATIONS: Mapping[Any, Callable[[Call], dict[str, Any]]] = {
    "look": look,
    "read": read,
    "manifest": read_manifest,
    "measure": measure,
}


def without_private_keys(text: str) -> str:
    """`text` without PEM's private keys, whole or cut off, whoever's they are."""
    return PRIVATE_KEY.sub("(private key)", text)


def _hider(found: Recovered) -> Callable[[str], str]:
    known = Scrubber(found.known)
    return lambda text: without_private_keys(known.hide(text))


def _hidden(value: Any, hide: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return hide(value)
    if isinstance(value, Mapping):
        return {hide(str(key)): _hidden(item, hide) for key, item in value.items()}
    return [_hidden(item, hide) for item in value] if isinstance(value, list) else value


def main() -> None:
    """Answers on standard output; nothing else of this process reaches the client."""
    os.umask(0o077)
    os.nice(NICENESS)
    if not places.take_one():
        sys.exit(NO_PLACE)
    sink = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    sink.write(MARKER)
    sink.flush()
    reader = Reader(sys.stdin.buffer, sink, Store())
    signal.signal(signal.SIGTERM, reader.end)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    threading.Timer(SECONDS, reader.expire).start()
    reader.serve()
    os._exit(0)
