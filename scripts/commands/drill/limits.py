"""What a round must hold."""

import math
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass

from commands.drill.rounds import Round


@dataclass(frozen=True)
class Limit:
    """`at_most` seconds or times of a figure of a round, where `holds_for` it."""

    what: str
    figure: str
    at_most: float
    holds_for: Callable[[Round], bool] = lambda _: True


@dataclass(frozen=True)
class Verdict:
    """A limit and what was found; `found` may be infinite."""

    limit: Limit
    found: float

    @property
    def is_held(self) -> bool:
        """Whether the figure is within the limit."""
        return self.found <= self.limit.at_most

    def __str__(self) -> str:
        found = "never" if math.isinf(self.found) else f"{self.found:.4g}"
        return f"{self.limit.what}: {found}, limit {self.limit.at_most:g}"


def primary_died(one: Round) -> bool:
    """Also when it was another role of that host that the fault was for."""
    return one.primary in one.hosts and "split" not in one.fault


def primary_lived(one: Round) -> bool:
    """The database had no reason to choose another."""
    return not primary_died(one)


def im_host_died(one: Round) -> bool:
    """And nobody can log in while there is no primary, so that is another figure."""
    return one.fault in ("im-host", "vip-holder") and primary_lived(one)


LIMITS = (
    Limit("messages acknowledged and lost", "lost", 0),
    Limit("writes that two nodes took", "two_primaries", 0),
    Limit("acknowledged rows lost", "rows_lost", 0),
    Limit("seconds without writes, primary's host dead", "writes_away", 25, primary_died),
    Limit("seconds until 95 % of the clients are back", "clients_back", 4, im_host_died),
    Limit("seconds without the clients' address", "address_away", 2),
    Limit("seconds from a split's end to a whole cluster", "whole_again", 60, lambda one: "split" in one.fault),
    Limit("failovers nobody asked for", "promotions", 0, primary_lived),
)


def verdicts(one: Round, limits: Iterable[Limit] = LIMITS) -> tuple[Verdict, ...]:
    """All limits that hold for this round."""
    found = {**asdict(one.figures), **asdict(one.messages)}
    return tuple(Verdict(limit, found[limit.figure]) for limit in limits if limit.holds_for(one))
