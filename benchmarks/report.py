"""The results for a person: tables in Markdown, a row for each case and a column for each tool."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from benchmarks import BenchmarkError
from benchmarks.results import Median, Sample, medians

TITLES = {
    "first": "First application, bare hosts",
    "unchanged": "Nothing to change, asked to apply",
    "check": "Check, nothing differs",
    "drift": "Check, three things differ on one host",
    "line_one": "One line changed on one host, asked to apply",
    "line_all": "One line changed on every host, asked to apply",
}
ORDER = (
    "floor", "ours_drift", "engine_floor", "ours", "engine_floor_unlogged", "ours_unlogged", "ours_refresh", "pyinfra",
    "ansible",
)  # fmt: skip
TABLES: Mapping[str, Callable[[Median], str]] = {
    "seconds": lambda median: f"{median.seconds:.1f}",
    "CPU seconds here + on the hosts": lambda median: f"{median.controller_cpu:.1f} + {median.hosts_cpu:.1f}",
    "logins on all hosts together": lambda median: str(median.logins),
    "found": lambda median: ", ".join(map(str, median.found)),
}
BEGIN, END = "<!-- results -->", "<!-- end of results -->"

Cases = Mapping[str, Mapping[str, Median]]


def lines(samples: Sequence[Sample], left_out: Sequence[str]) -> Iterator[str]:
    """For each number of hosts the medians of all rounds, then what was not measured."""
    found = medians(list(samples))
    for hosts in sorted({sample.hosts for sample in samples}):
        cases = {case: found[case][hosts] for case in TITLES if hosts in found.get(case, {})}
        for title, cell in TABLES.items():
            yield from (f"### {hosts} {'host' if hosts == 1 else 'hosts'}: {title}", "", *_table(cases, cell), "")
    yield from left_out


def write(path: Path, tables: Sequence[str]) -> None:
    """Puts the tables into a document, between the two marks that it has for them."""
    before, begin, rest = path.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise BenchmarkError(f"{path}: has no place for the tables; add the lines {BEGIN} and {END}")
    path.write_text("\n".join([f"{before}{BEGIN}", "", *tables, "", f"{END}{after}"]))


def _table(cases: Cases, cell: Callable[[Median], str]) -> Iterator[str]:
    tools = [tool for tool in ORDER if any(tool in by_tool for by_tool in cases.values())]
    yield _row(["", *tools])
    yield _row(["---", *("---:" for _ in tools)])
    for case, by_tool in cases.items():
        yield _row([TITLES[case], *(cell(by_tool[tool]) if tool in by_tool else "" for tool in tools)])


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
