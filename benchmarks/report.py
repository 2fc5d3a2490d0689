"""The results for a person: a table in Markdown for each case."""

from collections.abc import Iterator, Sequence

from benchmarks.results import Median, Sample, medians

TITLES = {
    "first": "First application, bare hosts",
    "unchanged": "Nothing to change, asked to apply",
    "check": "Check, nothing differs",
    "drift": "Check, three things differ on one host",
    "line_one": "One line changed on one host, asked to apply",
    "line_all": "One line changed on every host, asked to apply",
}
HEADER = ("hosts", "tool", "seconds", "CPU here", "CPU on hosts", "logins", "found")


def lines(samples: Sequence[Sample], left_out: Sequence[str]) -> Iterator[str]:
    """Medians; CPU in seconds, that on hosts and the logins are of all hosts together."""
    for case, by_hosts in medians(list(samples)).items():
        yield from (f"### {TITLES[case]}", "", _row(HEADER), "|---:|---|---:|---:|---:|---:|---:|")
        for hosts, tools in by_hosts.items():
            yield from (_row(_cells(hosts, tool, median)) for tool, median in tools.items())
        yield ""
    yield from left_out


def _cells(hosts: int, tool: str, median: Median) -> tuple[str, ...]:
    numbers = (f"{number:.2f}" for number in (median.seconds, median.controller_cpu, median.hosts_cpu))
    found = ", ".join(map(str, median.found))
    return (str(hosts), tool, *numbers, str(median.logins), found)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
