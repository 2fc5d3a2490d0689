"""What a round must hold."""

import math
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass

from commands.drill.rounds import Round


@dataclass(frozen=True)
class Limit:
    """`at_most` seconds, times or percent of a figure of a round, where `holds_for` it."""

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
    return one.primary in one.hosts and one.fault in HOST_DIES


def needs_no_failover(one: Round) -> bool:
    """The database has no reason to choose another primary."""
    return one.primary not in one.hosts or one.fault in LEAVES_THE_PRIMARY


def clients_must_be_back(one: Round) -> bool:
    """Nobody can log in while there is no primary, so a primary that died is another figure."""
    return one.fault in ("im-host", "vip-holder") and not primary_died(one)


def is_named(*faults: str) -> Callable[[Round], bool]:
    """It is one of these faults."""
    return lambda one: one.fault in faults


HOST_DIES = ("primary-host", "im-host", "im-and-primary", "vip-holder")
LEAVES_THE_PRIMARY = ("split-50ms", "split-60s", "etcd-down", "queue-member", "cache-primary", "haproxy")
LIMITS = (
    Limit("messages acknowledged and lost", "lost", 0),
    Limit("archives that could not be read", "archives_unread", 0),
    Limit("writes that two nodes took", "two_primaries", 0),
    Limit("acknowledged rows lost", "rows_lost", 0),
    Limit("seconds without writes, primary's host dead", "writes_away", 25, primary_died),
    Limit("seconds without writes, primary's process dead", "writes_away", 6, is_named("primary-process")),
    Limit("seconds without writes, planned switchover", "writes_away", 3, is_named("switchover")),
    Limit("seconds until 95 % of the clients are back", "clients_back", 4, clients_must_be_back),
    Limit("seconds without the clients' address", "address_away", 2, lambda one: one.fault != "power-off"),
    Limit("seconds from a split's end to a whole cluster", "whole_again", 60, is_named("split-50ms", "split-60s")),
    Limit("seconds to a stack at rest", "at_rest", 300, lambda one: one.fault != "rolling"),
    Limit("seconds to a stack at rest, the way back in it", "at_rest", 1800, is_named("rolling")),
    Limit("percent of failed requests", "failed_percent", 0.1, is_named("rolling")),
    Limit("failovers nobody asked for", "promotions", 0, needs_no_failover),
)


def verdicts(one: Round, limits: Iterable[Limit] = LIMITS) -> tuple[Verdict, ...]:
    """All limits that hold for this round."""
    found = {**asdict(one.figures), **asdict(one.messages), "failed_percent": one.figures.failed_percent}
    return tuple(Verdict(limit, found[limit.figure]) for limit in limits if limit.holds_for(one))
