"""Which stand-in makes which resource, and how many were created, changed or left alone."""

import threading
from collections import Counter
from collections.abc import Mapping
from typing import Any, Protocol

from commands.apply import ApplyError
from commands.apply.generated import MAKERS, generate
from commands.apply.local_commands import COMMAND, run_command
from commands.apply.progress import Progress
from commands.apply.saved import Resource


class Hosts(Protocol):
    """Resources of the provider `onprem`."""

    def make(self, kind: str, name: str, inputs: Mapping[str, Any], last: Resource | None) -> Resource:
        """Blocks until the host is as declared."""
        ...


class Resources:
    """Makes a resource by its kind. `counts` says what came of each: created, changed, unchanged."""

    def __init__(self, hosts: Hosts, progress: Progress) -> None:
        self._hosts = hosts
        self._progress = progress
        self._counting = threading.Lock()
        self.counts: Counter[str] = Counter()

    def __call__(self, kind: str, name: str, inputs: Mapping[str, Any], last: Resource | None) -> Resource:
        if kind in MAKERS:
            value = self._counted(generate(kind, inputs, last), last)
            if _what(value, last) == "changed":
                self._progress.say(f"{name}: issued again")
            return value
        self._progress.begins(name)
        what = "failed"
        try:
            resource = self._counted(self._make(kind, name, inputs, last), last)
            what = _what(resource, last)
        finally:
            self._progress.ends(name, what)
        return resource

    def _counted(self, resource: Resource, last: Resource | None) -> Resource:
        with self._counting:
            self.counts[_what(resource, last)] += 1
        return resource

    def _make(self, kind: str, name: str, inputs: Mapping[str, Any], last: Resource | None) -> Resource:
        if kind.startswith("onprem:"):
            return self._hosts.make(kind, name, inputs, last)
        if kind == COMMAND:
            return run_command(name, inputs, last)
        raise ApplyError(f"{name}: {kind} needs the Pulumi engine; there is no stand-in for it")


def _what(resource: Resource, last: Resource | None) -> str:
    if last is None:
        return "created"
    return "unchanged" if resource is last else "changed"
