"""The preview of one stack as every format tells it."""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum

from commands.preview.changes import Changes, ServiceChange, changes
from commands.preview.digest import Diagnostic, Digest
from commands.preview.items import SIGN, Item

NOISE = ("preview failed", "update failed")
PROGRAM_ENDED = "an unhandled error occurred"
PREFIX = re.compile(r"^(error: )?(Preview failed: )?")
URN = re.compile(r"urn:pulumi:[^\s\"'`]*::([^\s\"'`]+)")
MOST_ERROR_LINES = 20
LISTED_ITEMS = 6
LONGEST_PHRASE = 160
HAND_OVER = " after a switchover or drain"
INTERRUPTIONS = (("stops", "Stop"), ("restarts", "Restart"), ("may_restart", "May restart"), ("reloads", "Reload"))


class Result(Enum):
    """What a preview came to; the number is the exit code."""

    SAME = 0
    FAILED = 1
    CHANGES = 2


@dataclass(frozen=True)
class Report:
    """One stack. `errors` are sentences, `live` says that the hosts were looked at.

    `bare` says that the state was one without secrets, against which no change of a secret is seen.
    """

    stack: str
    live: bool
    changes: Changes = field(default_factory=Changes)
    errors: tuple[str, ...] = ()
    bare: bool = False

    @property
    def result(self) -> Result:
        """A failed preview may still know some changes."""
        if self.errors:
            return Result.FAILED
        return Result.CHANGES if self.changes.count else Result.SAME

    @property
    def deleted_stores(self) -> tuple[ServiceChange, ...]:
        """What a reviewer must see first."""
        return tuple(change for change in self.changes.services if change.deletes_data_store)


def report(stack: str, digest: Digest, stores: Collection[str], *, live: bool, bare: bool = False) -> Report:
    """`stores` are the services that hold data."""
    return Report(stack, live, changes(digest, stores, live=live), tuple(_errors(digest.diagnostics)), bare)


def overall(reports: Iterable[Report]) -> Result:
    """A failure outweighs changes, and changes outweigh their absence."""
    results = {one.result for one in reports}
    return next((result for result in (Result.FAILED, Result.CHANGES) if result in results), Result.SAME)


def exit_code(reports: Iterable[Report]) -> int:
    """1 when a preview failed, else 2 when something would change, else 0."""
    return int(overall(reports).value)


def summary(one: Report) -> str:
    """One sentence: how much changes, and what it was compared with."""
    counts: dict[str, int] = {}
    for change in one.changes.services:
        counts[change.operation] = counts.get(change.operation, 0) + 1
    for group in one.changes.resources:
        counts[group.operation] = counts.get(group.operation, 0) + len(group.names)
    amount = ", ".join(f"{number} to {operation}" for operation, number in sorted(counts.items())) or "no change"
    secrets = " without its secrets" if one.bare else ""
    against = f"the last known state{secrets}; no host was asked"
    if one.live:
        against = f"the live hosts{' and a state without secrets' if one.bare else ''}"
    if one.errors:
        return f"failed; as far as it came, {amount}" if counts else "failed"
    return f"{amount}, compared with {against}"


def interruptions(one: Report) -> Iterator[str]:
    """A sentence for each service that users may notice, the longest interruptions first."""
    for verb, kind in INTERRUPTIONS:
        for change in one.changes.services:
            if units := getattr(change.effects, verb):
                before = change.effects.hands_over and verb in ("stops", "restarts")
                yield f"{kind}{HAND_OVER if before else ''}: {change.name}: {', '.join(units)}"


def brief(change: ServiceChange) -> tuple[str, ...]:
    """What changes in a few phrases: each thing of an update, numbers of a create or delete."""
    if not change.items:
        return ("the host is already as declared",) if change.live else ()
    if change.operation == "update" or change.live:
        phrases = [phrase(item) for item in change.items]
        left = len(phrases) - LISTED_ITEMS
        return tuple(phrases) if left <= 1 else (*phrases[:LISTED_ITEMS], f"and {left} more")
    return tuple(_counted(change.items))


def phrase(item: Item) -> str:
    """`~ file /etc/x (+2 -1, mode 0644 => 0600)`."""
    about = ", ".join(filter(None, (_lines(item.added, item.removed), item.detail)))
    return clipped(f"{SIGN[item.operation]} {item.kind} {item.name}{f' ({about})' if about else ''}")


def diff(change: ServiceChange) -> Iterator[str]:
    """Every line of one service's change; each begins with a sign that a diff has. Of what is deleted, names only."""
    yield f"@@ {change.name}: {change.operation} @@"
    for item in change.items:
        sign = {"add": "+", "change": "!", "remove": "-"}[item.operation]
        yield f"{sign} {item.kind} {item.name}{f' ({item.detail})' if item.detail else ''}"
        if change.operation == "delete":
            continue
        yield from (f"{text[0]}   {text[1:]}" if text[:1] in ("+", "-", " ") else f" {text}" for text in item.lines)


def _counted(items: tuple[Item, ...]) -> Iterator[str]:
    kinds: dict[str, list[Item]] = {}
    for item in items:
        kinds.setdefault(item.kind, []).append(item)
    for kind, group in kinds.items():
        if kind in ("package", "unit"):
            yield f"{kind} {', '.join(item.name for item in group)}"
            continue
        lines = _lines(sum(item.added for item in group), sum(item.removed for item in group))
        yield f"{len(group)} {plural(kind, len(group))}{f' ({lines})' if lines else ''}"


def _lines(added: int, removed: int) -> str:
    return f"+{added} -{removed}" if added or removed else ""


def plural(noun: str, number: int) -> str:
    """`2 directories`, `3 packages to fetch`."""
    first, space, rest = noun.partition(" ")
    if number != 1:
        first = f"{first[:-1]}ies" if first.endswith("y") else f"{first}s"
    return f"{first}{space}{rest}"


def clipped(text: str) -> str:
    """No longer than a table bears."""
    return text if len(text) <= LONGEST_PHRASE else f"{text[: LONGEST_PHRASE - 1]}…"


def _errors(diagnostics: Iterable[Diagnostic]) -> Iterator[str]:
    """Each sentence once; what only says that there was an error is left out where another says which."""
    said = [URN.sub(r"\1", PREFIX.sub("", one.message.strip())) for one in diagnostics if one.severity == "error"]
    telling = [text for text in said if text not in NOISE and not text.startswith(PROGRAM_ENDED)]
    for text in dict.fromkeys(telling or said):
        lines = text.splitlines()
        left = len(lines) - MOST_ERROR_LINES
        yield "\n".join(lines if left <= 0 else [*lines[:MOST_ERROR_LINES], f"({left} more lines)"])
