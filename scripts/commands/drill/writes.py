"""Rows that probes wrote to the database: how long nobody could, and whether two nodes ever took them at once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

CONSUMERS = "consumer"
"""The way of an IM server to the database; any other way is a database host's own socket."""


@dataclass(frozen=True)
class Write:
    """One acknowledged row: by which way on which host, on which timeline, from when until when (monotonic seconds)."""

    host: str
    way: str
    key: str
    timeline: int
    began: float
    ended: float


class Gap(NamedTuple):
    """A time without success, and how long after the fault it began; both in seconds."""

    seconds: float
    after: float


def longest_gap(moments: Iterable[float], begin: float, end: float) -> Gap:
    """The longest time in `begin`…`end` in which nothing succeeded."""
    inside = sorted(moment for moment in moments if begin < moment < end)
    edges = [begin, *inside, end]
    return max(Gap(later - earlier, earlier - begin) for earlier, later in zip(edges, edges[1:], strict=False))


def away(writes: Iterable[Write], begin: float, end: float) -> Gap:
    """The longest time in which no IM server could write."""
    return longest_gap((write.ended for write in writes if write.way == CONSUMERS), begin, end)


def two_primaries(writes: Iterable[Write]) -> tuple[Write, ...]:
    """Writes that a primary took after its successor had taken one: each promotion begins a timeline of its own.

    One that began before the successor's first is the same row on both, because its commit was replicated.
    """
    direct = sorted((write for write in writes if write.way != CONSUMERS), key=lambda write: write.ended)
    first_on: dict[int, float] = {}
    owners: dict[int, str] = {}
    found = []
    for write in direct:
        first_on.setdefault(write.timeline, write.ended)
        succeeded = any(line > write.timeline and write.began > since for line, since in first_on.items())
        if succeeded or owners.setdefault(write.timeline, write.host) != write.host:
            found.append(write)
    return tuple(found)


def promotions(writes: Sequence[Write]) -> int:
    """How often another primary was made while these were written."""
    return max(len({write.timeline for write in writes}) - 1, 0)


def lost(writes: Iterable[Write], found: Iterable[str]) -> tuple[str, ...]:
    """Acknowledged rows that are no longer there."""
    return tuple(sorted({write.key for write in writes} - set(found)))
