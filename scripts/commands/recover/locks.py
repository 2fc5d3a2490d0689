"""Locks of a stack: who holds one, and whether it may be taken away."""

import json
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from commands.lab.processes import Process
from commands.recover import RecoverError

TOLD = re.compile(r"created by (?P<user>.+)@(?P<machine>\S+) \(pid (?P<pid>\d+)\) at (?P<since>\S+)")
CLOCK_SECONDS = 5
"""A process is said to have begun this much later than it did, at most."""


@dataclass(frozen=True)
class Lock:
    """A run of the engine that has not ended, or was killed."""

    user: str
    machine: str
    pid: int
    since: datetime

    def __str__(self) -> str:
        when = f"{self.since.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
        return f"{self.user} on {self.machine}, process {self.pid}, since {when}"

    @property
    def lives(self) -> bool:
        """Whether that process is on this machine and was there when the lock was made."""
        if not is_running(self.pid):
            return False
        process = Process.of(self.pid)
        return process is None or process.since < self.since.timestamp() + CLOCK_SECONDS


def is_running(pid: int) -> bool:
    """Whether this machine has such a process, whosever it is."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    process = Process.of(pid)
    return process is not None or not Path("/proc/self/stat").exists()


def in_folder(backend: Path, project: str, stack: str) -> list[Lock]:
    """The locks of `stack` in a file backend, oldest first; raises when one is not understood."""
    folder = backend / ".pulumi" / "locks" / "organization" / project / stack
    return sorted((_read(path) for path in folder.glob("*.json")), key=lambda lock: lock.since)


def in_text(said: str) -> list[Lock]:
    """The locks that the engine names when it refuses to begin."""
    return [
        Lock(found["user"], found["machine"], int(found["pid"]), datetime.fromisoformat(found["since"]))
        for found in TOLD.finditer(said)
    ]


def refuse_living(stack: str, locks: Iterable[Lock], here: str, dead: Iterable[str]) -> None:
    """Raises for a lock whose process lives, or may live: that of a machine other than `here`, unless `dead` has it."""
    for lock in locks:
        if lock.machine == here and lock.lives:
            raise RecoverError(
                f"{stack}: locked by {lock}, which is still at work; wait for it, or end it: kill -INT {lock.pid}"
            )
        if lock.machine != here and lock.machine not in dead:
            raise RecoverError(
                f"{stack}: locked by {lock}; whether that run goes on cannot be seen from {here}: look there, and if it"
                f" has ended, run: scripts/recover {stack} --machine {lock.machine}"
            )


def _read(path: Path) -> Lock:
    try:
        told = json.loads(path.read_text())
        since = datetime.fromisoformat(told["timestamp"])
        return Lock(told["username"], told["hostname"], int(told["pid"]), since)
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise RecoverError(
            f"{path}: this lock is not understood ({error!r}); make sure that nobody is at work on the stack, then run:"
            " pulumi cancel"
        ) from None
