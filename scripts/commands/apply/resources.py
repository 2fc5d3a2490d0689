"""Which stand-in makes which resource, and how many were created, changed or left alone."""

import threading
from collections import Counter
from collections.abc import Mapping
from typing import Any, Protocol

from commands.apply import ApplyError
from commands.apply.generated import MAKERS, generate
from commands.apply.local_commands import COMMAND, run_command
from commands.apply.saved import Resource


class Hosts(Protocol):
    """Resources of the provider `onprem`."""

    def make(self, kind: str, name: str, inputs: Mapping[str, Any], last: Resource | None) -> Resource:
        """Blocks until the host is as declared."""
        ...


class Resources:
    """Makes a resource by its kind. `counts` says what came of each: created, changed, unchanged."""

    def __init__(self, hosts: Hosts) -> None:
        self._hosts = hosts
        self._counting = threading.Lock()
        self.counts: Counter[str] = Counter()

    def __call__(self, kind: str, name: str, inputs: Mapping[str, Any], last: Resource | None) -> Resource:
        resource = self._make(kind, name, inputs, last)
        with self._counting:
            self.counts["created" if last is None else "unchanged" if resource is last else "changed"] += 1
        return resource

    def _make(self, kind: str, name: str, inputs: Mapping[str, Any], last: Resource | None) -> Resource:
        if kind.startswith("onprem:"):
            return self._hosts.make(kind, name, inputs, last)
        if kind in MAKERS:
            return generate(kind, inputs, last)
        if kind == COMMAND:
            return run_command(name, inputs, last)
        raise ApplyError(f"{name}: {kind} needs the Pulumi engine; there is no stand-in for it")
