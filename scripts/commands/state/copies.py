"""The copies of the state, which restic lists and gives in the same way wherever they are."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from commands.restore.moments import NEWEST
from commands.state import StateError
from components.operations.backups import STATE_SET, STATES


class Place(Protocol):
    """Where copies are."""

    @property
    def name(self) -> str:
        """As `--from` knows it."""

    def restic(self, *words: str) -> str:
        """What restic prints there; raises StateError with its reason."""


def read(stack: str, place: Place, by: str) -> tuple[str, str]:
    """When the state was copied, and the state: the newest, or the newest that was copied by a moment."""
    found = json.loads(place.restic("snapshots", "--json", "--tag", STATE_SET, "--path", STATES))
    chosen = newest(found or [], by)
    if not chosen:
        raise StateError(f"{place.name}: has no state of {stack}" + ("" if by == NEWEST else f" of before {by}"))
    return str(chosen["time"]), place.restic("dump", chosen["id"], file_of(stack))


def newest(found: Sequence[Mapping[str, Any]], by: str) -> Mapping[str, Any] | None:
    """Of copies as restic lists them."""
    fitting = [each for each in found if by == NEWEST or when(each["time"]) <= when(by)]
    return max(fitting, key=lambda each: when(each["time"]), default=None)


def when(text: str) -> datetime:
    """To the second; restic writes nanoseconds, which not every Python reads."""
    head, _, rest = text.partition(".")
    return datetime.fromisoformat(head + rest.lstrip("0123456789"))


def file_of(stack: str) -> str:
    """Where the host of operations has the state."""
    return f"{STATES}/{stack}.json"


def answer(name: str, done: subprocess.CompletedProcess[str]) -> str:
    """What a program printed; raises StateError, with the `name` of the place and the reason, when it failed."""
    if done.returncode:
        raise StateError(f"{name}: {reason(done.stderr) or f'ended with status {done.returncode}'}")
    return done.stdout


def reason(errors: str) -> str:
    """The last line, or that in which restic has it: a question and the address of the place may follow."""
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    fatal = [line.removeprefix("Fatal: ") for line in lines if line.startswith("Fatal: ")]
    return (fatal or lines or [""])[-1]
