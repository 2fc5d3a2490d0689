"""The command line of `benchmarks/run`."""

import argparse
import json
import os
import signal
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import BenchmarkError, lab
from benchmarks.items import SERVICES
from benchmarks.report import lines, write
from benchmarks.results import Results, document
from benchmarks.rounds import Rounds
from benchmarks.tools import CASES, Selection, left_out
from commands.lab.places import ROOT, Shared
from commands.lab.processes import only_one

WHAT_IT_DOES = """\
Measures this provider, pyinfra, Ansible and a bare floor with the same 200 items per host, side by side on lab hosts:
time, CPU seconds here and on the hosts, ssh logins, differences found; that the hosts end up equal is proved by hashes.
Needs root on Debian 12. Each sample is written to the results file as it ends: run it again and it goes on from there.
"""
FULL_HOSTS, QUICK_HOSTS = (1, 12), (1, 3)
FULL_ROUNDS, QUICK_ROUNDS = 3, 1


def parser() -> argparse.ArgumentParser:
    """What the command understands."""
    arguments = argparse.ArgumentParser("benchmarks/run", description=WHAT_IT_DOES)
    arguments.add_argument("--quick", action="store_true", help="one round on 1 and 3 hosts, without Ansible")
    arguments.add_argument("--format", choices=("table", "json"), default="table", help="default: table, in Markdown")
    arguments.add_argument("--hosts", type=_counts, metavar="N,N", help="numbers of hosts (default: 1,12)")
    arguments.add_argument("--rounds", type=int, metavar="N", help=f"how often (default: {FULL_ROUNDS})")
    arguments.add_argument(
        "--services", type=int, default=SERVICES, choices=range(1, SERVICES + 1), metavar="N",
        help="services of 20 items for each host (default: 10)",
    )  # fmt: skip
    arguments.add_argument("--tools", type=_words, metavar="A,B", help="only these, as the table names them")
    arguments.add_argument("--cases", type=_words, metavar="A,B", help=f"only these of {', '.join(CASES)}")
    arguments.add_argument(
        "--results", type=Path, default=ROOT / "benchmarks/results.jsonl", metavar="FILE", help="the samples"
    )
    arguments.add_argument("--document", type=Path, metavar="FILE", help="put the tables into this document, too")
    arguments.add_argument("--report", action="store_true", help="measure nothing; show what the results file has")
    arguments.add_argument("--fresh", action="store_true", help="forget the samples in the results file")
    return arguments


def main(argv: Sequence[str] | None = None) -> int:
    """Returns the exit code."""
    options = parser().parse_args(argv)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    counts = options.hosts or (QUICK_HOSTS if options.quick else FULL_HOSTS)
    try:
        results = Results(options.results) if options.report else measured(options, counts)
        show(options, results, counts)
    except BenchmarkError as error:
        print(f"benchmark: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("benchmark: interrupted; run it again to go on", file=sys.stderr)
        return 130
    return 0


def show(options: argparse.Namespace, results: Results, counts: Sequence[int]) -> None:
    """On standard output, and in a document when one is named."""
    missing = left_out(counts, ansible=not options.quick)
    samples = [each for each in results.samples if each.hosts in counts]
    tables = list(lines(samples, missing))
    if options.document:
        write(options.document, tables)
    print(json.dumps(document(samples, about(missing)), indent=1) if options.format == "json" else "\n".join(tables))


def measured(options: argparse.Namespace, counts: Sequence[int]) -> Results:
    """All rounds, one number of hosts after the other; raises what keeps them from being measured."""
    lab.ensure()
    with only_one(Shared().lock("benchmark")):
        return run(options, counts)


def run(options: argparse.Namespace, counts: Sequence[int]) -> Results:
    """As `measured`, with nobody else at it."""
    if options.fresh:
        options.results.unlink(missing_ok=True)
    results = Results(options.results)
    selection = Selection(not options.quick, options.tools, options.cases)
    for count in counts:
        with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
            hosts = lab.hosts(count, Path(folder))
            rounds = Rounds(hosts, Path(folder), results, options.services, selection)
            try:
                for number in range(options.rounds or (QUICK_ROUNDS if options.quick else FULL_ROUNDS)):
                    rounds.run(number)
            finally:
                hosts.remove()
    return results


def about(missing: Sequence[str]) -> dict[str, Any]:
    """When and on what this was measured."""
    return {"measured": datetime.now(UTC).isoformat(timespec="seconds"), "cores": os.cpu_count(), "left_out": missing}


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split(","))


def _counts(text: str) -> tuple[int, ...]:
    return tuple(int(word) for word in text.split(","))


if __name__ == "__main__":
    sys.exit(main())
