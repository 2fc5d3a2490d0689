"""What the readers of one agent ask the host together: a program is started once, and not once for each service."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from pathlib import Path

from . import distribution, units
from .commands import Commands
from .errors import AgentError
from .units import State

STATUS = Path("/var/lib/dpkg/status")
UPDATES = Path("/var/lib/dpkg/updates")


class Packages:
    """All that is installed, asked again once dpkg's files are others than they were."""

    def __init__(self) -> None:
        self._asking = threading.Lock()
        self._seen: object = None
        self._installed: Mapping[str, str] = {}

    def installed(self, commands: Commands, names: Iterable[str]) -> dict[str, str]:
        """Versions of those of `names` that are installed and configured."""
        wanted = list(names)
        if not wanted:
            return {}
        with self._asking:
            now = _database()
            if now is None or now != self._seen:
                self._installed, self._seen = distribution.all_installed(commands), now
            found = {name: self._installed[name] for name in wanted if name in self._installed}
        # Not in the list, or in a part that was cut off: a command's output is bounded.
        return {**found, **distribution.installed(commands, [name for name in wanted if name not in found])}


def _database() -> object:
    """What is another one after every change that dpkg makes; None while it is at work or cannot be seen."""
    try:
        if any(path.name.isdigit() for path in UPDATES.iterdir()):
            return None
        status = STATUS.stat()
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


class Units:
    """States of units. One look serves every request that had arrived by then, and none that came later."""

    def __init__(self) -> None:
        self._arriving = threading.Lock()
        self._looking = threading.Lock()
        self._expected: set[str] = set()
        self._known: dict[str, State] = {}

    def expect(self, names: Iterable[str]) -> None:
        """A request that has just arrived will ask for these."""
        with self._arriving:
            for name in names:
                self._known.pop(name, None)
                self._expected.add(name)

    def states(self, commands: Commands, names: Iterable[str]) -> dict[str, State]:
        """How they are now."""
        wanted = list(names)
        with self._looking:
            found = self._take(wanted)
            missing = [name for name in wanted if name not in found]
            return {**found, **self._look(commands, missing)} if missing else found

    def _take(self, wanted: list[str]) -> dict[str, State]:
        with self._arriving:
            return {name: self._known.pop(name) for name in wanted if name in self._known}

    def _look(self, commands: Commands, missing: list[str]) -> dict[str, State]:
        with self._arriving:
            others, self._expected = self._expected.difference(missing), set()
        try:
            found = units.states(commands, [*missing, *sorted(others)])
        except AgentError:
            return units.states(commands, missing)  # what is wrong with another request's units is not this one's
        with self._arriving:
            # Whoever asked again meanwhile must not be told what was before.
            self._known.update({name: found[name] for name in others - self._expected})
        return {name: found[name] for name in missing}


class Together:
    """Shared by all requests of an agent."""

    def __init__(self) -> None:
        self.packages = Packages()
        self.units = Units()
