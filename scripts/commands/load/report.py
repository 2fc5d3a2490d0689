"""The figures for a person, and for a program."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from rich.table import Table

from commands.load.figures import Figures, problems, warnings
from commands.load.rounds import Plan, Run

HEADINGS = ("", "way", "arrived", "a second", "p50 ms", "p95 ms", "p99 ms", "per core", "clients' CPU")
WHAT = """\
per core: for each CPU second of the hosts, beyond what they use in silence. clients' CPU: part of one core.\
"""


def table(title: str, found: Sequence[Figures]) -> Table:
    """All phases, the ways under each other."""
    rows = Table(*HEADINGS, title=title, caption=WHAT, caption_justify="left")
    for column in rows.columns[2:]:
        column.justify = "right"
    for each in found:
        rows.add_row(each.phase, each.way, *_cells(each))
    return rows


def _cells(each: Figures) -> Iterator[str]:
    yield f"{each.arrived}/{each.asked}"
    yield from (f"{number:.1f}" for number in (each.per_second, each.p50, each.p95, each.p99))
    yield "-" if each.per_core is None else f"{each.per_core:.0f}"
    yield f"{each.generator:.0%}"


def lines(found: Sequence[Figures]) -> Iterator[str]:
    """Where the CPU goes, then the entry as a multiple of the direct way, then what to know."""
    for each in found:
        if each.services:
            shares = ", ".join(f"{name} {max(cpu, 0):.2f}" for name, cpu in each.services.items())
            yield f"{each.phase}, {each.way}: CPU ms for each: {shares}"
    for name, ratio in ratios(found).items():
        yield f"{name}, entry to direct: {', '.join(f'{key} {value:.2f}' for key, value in ratio.items())}"
    yield from warnings(found)


def ratios(found: Sequence[Figures]) -> dict[str, dict[str, float]]:
    """By phase: the entry's figure divided by that of the direct way."""
    by_way = {(each.phase, each.way): each for each in found}
    pairs = {
        phase: (one, by_way[phase, "direct"])
        for (phase, way), one in by_way.items()
        if way == "entry" and (phase, "direct") in by_way
    }
    return {phase: _ratio(*pair) for phase, pair in pairs.items()}


def _ratio(one: Figures, other: Figures) -> dict[str, float]:
    names = ("per_second", "p50", "p95", "p99", "per_core")
    values = {name: (getattr(one, name), getattr(other, name)) for name in names}
    return {name: above / below for name, (above, below) in values.items() if above is not None and below}


def document(stack: str, beside: str | None, plan: Plan, runs: Sequence[Run], found: Sequence[Figures]) -> str:
    """JSON: the figures, and every round without its single latencies."""
    return json.dumps(
        {
            "stack": stack,
            "beside": beside,
            "plan": asdict(plan),
            "figures": [asdict(each) for each in found],
            "ratios": ratios(found),
            "rounds": [_round(run) for run in runs],
            "problems": problems(found),
            "warnings": warnings(found),
        },
        indent=1,
    )


def _round(run: Run) -> dict[str, Any]:
    phases = [{**asdict(phase), "milliseconds": len(phase.milliseconds)} for phase in run.phases]
    return {"way": run.way, "round": run.round, "phases": phases}
