"""What the phases come to: rates, percentiles, and messages for each second of a core."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from commands.load.rounds import Run

BUSY = 0.9
"""Of one core: from there on the generator, which has one, may be what is measured."""


@dataclass(frozen=True)
class Figures:
    """Of one phase and way, medians over the rounds: latency in milliseconds, CPU in milliseconds for each item.

    `per_core` is items for each CPU second of the hosts, beyond what they use in silence; None where their processors
    cannot be seen. `generator` is the part of one core that the clients used.
    """

    way: str
    phase: str
    asked: int
    arrived: int
    twice: int
    per_second: float
    p50: float
    p95: float
    p99: float
    per_core: float | None
    services: dict[str, float]
    generator: float


def figures(runs: Sequence[Run]) -> list[Figures]:
    """By phase, then by way, in the order of the first round."""
    names = dict.fromkeys(phase.name for run in runs for phase in run.phases if phase.milliseconds)
    ways = dict.fromkeys(run.way for run in runs)
    return [_median([_of(run, name) for run in runs if run.way == way]) for name in names for way in ways]


def percentile(values: Sequence[float], part: int) -> float:
    """The smallest value that `part` percent of all do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * part // 100) - 1)] if ordered else float("nan")


def problems(found: Iterable[Figures]) -> list[str]:
    """What makes the run a failed one, a sentence each."""
    return [
        f"{each.way}, {each.phase}: {each.asked - each.arrived} of {each.asked} did not arrive, {each.twice} came twice"
        for each in found
        if each.asked != each.arrived or each.twice
    ]


def warnings(found: Iterable[Figures]) -> list[str]:
    """What makes a figure say less than it seems to."""
    return [
        f"{each.way}, {each.phase}: the clients used {each.generator:.0%} of their core, so the servers may do more"
        for each in found
        if each.generator >= BUSY
    ]


def _of(run: Run, name: str) -> Figures:
    phase = next(phase for phase in run.phases if phase.name == name)
    silent = next(phase for phase in run.phases if phase.name == "silence")
    items = len(phase.milliseconds)
    own = {key: cpu - silent.hosts.get(key, 0.0) / silent.seconds * phase.seconds for key, cpu in phase.hosts.items()}
    cpu = sum(own.values())
    return Figures(
        way=run.way,
        phase=name,
        asked=phase.asked,
        arrived=items,
        twice=phase.twice,
        per_second=items / phase.seconds,
        p50=percentile(phase.milliseconds, 50),
        p95=percentile(phase.milliseconds, 95),
        p99=percentile(phase.milliseconds, 99),
        per_core=items / cpu if cpu > 0 else None,
        services={key: seconds / items * 1000 for key, seconds in own.items()} if items else {},
        generator=phase.generator / phase.seconds,
    )


def _median(each: Sequence[Figures]) -> Figures:
    def middle(name: str) -> float:
        return float(statistics.median(getattr(one, name) for one in each))

    cores = [one.per_core for one in each if one.per_core is not None]
    return Figures(
        way=each[0].way,
        phase=each[0].phase,
        asked=sum(one.asked for one in each),
        arrived=sum(one.arrived for one in each),
        twice=sum(one.twice for one in each),
        per_second=middle("per_second"),
        p50=middle("p50"),
        p95=middle("p95"),
        p99=middle("p99"),
        per_core=statistics.median(cores) if cores else None,
        services={key: statistics.median(one.services.get(key, 0.0) for one in each) for key in each[0].services},
        generator=middle("generator"),
    )
