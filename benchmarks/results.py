"""Samples, kept in a file as they come, so that a run that was cut off goes on where it stopped."""

import json
import statistics
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Sample:
    """One tool, once. `digest` is that of all hosts' probes afterwards, where the case changes them."""

    hosts: int
    case: str
    tool: str
    round: int
    seconds: float
    controller_cpu: float
    hosts_cpu: float
    logins: int
    found: int | None
    digest: str = ""


class Results:
    """All samples of one file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        lines = path.read_text().splitlines() if path.exists() else []
        self.samples = [Sample(**json.loads(line)) for line in lines]

    def has(self, hosts: int, case: str, tool: str, number: int) -> bool:
        """Whether that was measured already."""
        return (hosts, case, tool, number) in {(each.hosts, each.case, each.tool, each.round) for each in self.samples}

    def keep(self, sample: Sample) -> None:
        """Writes it down at once."""
        self.samples.append(sample)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a") as file:
            file.write(json.dumps(asdict(sample)) + "\n")


@dataclass(frozen=True)
class Median:
    """Medians of the samples of one tool in one case; `found` and `digests` are all that were seen."""

    seconds: float
    controller_cpu: float
    hosts_cpu: float
    logins: int
    rounds: int
    found: list[int]
    digests: list[str]


def medians(samples: list[Sample]) -> dict[str, dict[int, dict[str, Median]]]:
    """By case, number of hosts and tool, in the order of the samples."""
    found: dict[str, dict[int, dict[str, Median]]] = {}
    for case, hosts, tool in dict.fromkeys((each.case, each.hosts, each.tool) for each in samples):
        same = [each for each in samples if (each.case, each.hosts, each.tool) == (case, hosts, tool)]
        found.setdefault(case, {}).setdefault(hosts, {})[tool] = _median(same)
    return found


def _median(samples: list[Sample]) -> Median:
    return Median(
        _middle(each.seconds for each in samples),
        _middle(each.controller_cpu for each in samples),
        _middle(each.hosts_cpu for each in samples),
        statistics.median_high(each.logins for each in samples),
        len(samples),
        sorted({each.found for each in samples if each.found is not None}),
        sorted({each.digest for each in samples if each.digest}),
    )


def _middle(numbers: Iterable[float]) -> float:
    return round(statistics.median(numbers), 3)


def document(samples: list[Sample], about: dict[str, Any]) -> dict[str, Any]:
    """`cases.<case>.<hosts>.<tool>` is the median in seconds; `details` has the rest in the same places."""
    found = medians(samples)
    return {**about, "cases": dict(_each(found, lambda median: median.seconds)), "details": dict(_each(found, asdict))}


def _each(found: Any, form: Any) -> Iterator[tuple[str, Any]]:
    for case, by_hosts in found.items():
        yield case, {str(n): {tool: form(median) for tool, median in tools.items()} for n, tools in by_hosts.items()}
