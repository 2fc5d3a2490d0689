"""When people were without a session."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Outage:
    """From when until when (monotonic seconds); an end of infinity is not over."""

    person: str
    began: float
    ended: float = math.inf


def back(outages: Iterable[Outage], begin: float, end: float, share: float = 0.95) -> float:
    """Seconds from `begin` until this share of those whose session ended in `begin`…`end` had one again; 0 without any.

    Of each person the first outage counts. Infinite when too few came back.
    """
    first: dict[str, float] = {}
    for outage in sorted(outages, key=lambda outage: outage.began):
        if begin <= outage.began < end:
            first.setdefault(outage.person, outage.ended - begin)
    return percentile(sorted(first.values()), share)


def people(outages: Iterable[Outage], begin: float, end: float) -> int:
    """How many lost their session in that time."""
    return len({outage.person for outage in outages if begin <= outage.began < end})


def percentile(ordered: Sequence[float], share: float) -> float:
    """The smallest value that this share of all does not exceed; 0 of none."""
    return ordered[math.ceil(share * len(ordered)) - 1] if ordered else 0.0
