"""The command line of `scripts/drift`."""

import argparse
import asyncio
import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from rich.console import Console

from commands.apply import ApplyError
from commands.apply.engine import installed_engine
from commands.apply.lab_stack import refuse_outside_lab
from commands.drift import DriftError, metrics, text
from commands.drift.document import document
from commands.drift.findings import Findings, Outcome
from commands.drift.state import Places, expected_logins, exporting, load_state

if TYPE_CHECKING:
    from onprem.transport import Opener

ROOT = Path(__file__).parents[3]
WHAT_IT_DOES = """\
Says what the hosts of a stack have otherwise than declared, and changes nothing: made for a timer. What is declared is
taken from the stack's state (Pulumi's, or that of scripts/apply), not from the program. Exit code 0: nothing differs.
2: something does. 1: nothing differs as far as was seen, but a host or a part of it could not be looked at, or nothing
could. Certificates near their end are named, and do not count. Hosts in ONPREM_OFFLINE and ONPREM_GONE are skipped.
ONPREM_READER names the account of the hosts' readers: the look is made with their key, which can do nothing else. The
JSON is described in scripts/commands/drift/document.py, the metrics by the HELP lines of their file.
"""


class Parser(argparse.ArgumentParser):
    """A command line that is not understood is no drift, so it does not end with argparse's usual 2."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(Outcome.COULD_NOT_LOOK, f"{self.prog}: {message}\n")


def parser() -> argparse.ArgumentParser:
    """What the command understands."""
    arguments = Parser("scripts/drift", description=WHAT_IT_DOES)
    arguments.add_argument("stack", metavar="STACK", help="a deployed stack")
    arguments.add_argument("--format", choices=("text", "json"), default="text", help="default: text")
    arguments.add_argument(
        "--metrics",
        type=_metrics_file,
        metavar="FILE",
        help=f"also write this file (*{metrics.SUFFIX}, mode 0644) for node exporter's textfile collector",
    )
    arguments.add_argument(
        "--certificate-days",
        type=int,
        default=21,
        metavar="DAYS",
        help="name certificates that expire within this time (default: 21; pulumi up renews from 30 on)",
    )
    arguments.add_argument(
        "--timeout", type=float, default=180, metavar="SECONDS", help="for one service of a host (default: 180)"
    )
    arguments.add_argument("--program", type=Path, default=ROOT, metavar="DIR", help="folder of the Pulumi program")
    arguments.add_argument(
        "--saved", type=Path, default=ROOT / ".apply", metavar="DIR", help="where scripts/apply keeps its values"
    )
    arguments.add_argument(
        "--stacks", type=Path, default=ROOT / "stacks", metavar="DIR", help="stack files, for stacks of scripts/apply"
    )
    return arguments


def main(argv: Sequence[str] | None = None, opener: "Opener | None" = None) -> int:
    """Returns the exit code."""
    options = parser().parse_args(argv)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    errors = Console(stderr=True, highlight=False, soft_wrap=True)
    try:
        refuse_outside_lab("drift", options.stack, ROOT, os.environ)
        findings = asyncio.run(find(options, os.environ, opener))
    except (DriftError, ApplyError) as error:
        errors.print(str(error), style="red", markup=False)
        return Outcome.COULD_NOT_LOOK
    except KeyboardInterrupt:
        errors.print("drift: interrupted; no host was changed", style="red", markup=False)
        return 130
    show(findings, options.format)
    try:
        if options.metrics:
            metrics.write(options.metrics, findings)
    except DriftError as error:
        errors.print(str(error), style="red", markup=False)
        return findings.outcome or Outcome.COULD_NOT_LOOK
    return findings.outcome


async def find(options: argparse.Namespace, environment: Mapping[str, str], opener: "Opener | None") -> Findings:
    """One look at all hosts; raises when there is nothing to compare with."""
    places = Places(options.program, options.stacks, options.saved, installed_engine())
    async with exporting(options.stack, places, environment) as engine:
        # Importing this takes Python a good part of what the engine takes to tell its state.
        from commands.drift.comparison import compare

        expected = expected_logins(options.stack, places)
        near = timedelta(days=options.certificate_days)
        loading = load_state(options.stack, places, engine)
        return await compare(options.stack, loading, expected, environment, opener, options.timeout, near)


def show(findings: Findings, form: str) -> None:
    """On standard output; colours for a terminal only."""
    if form == "json":
        print(json.dumps(document(findings), indent=1))
        return
    console = Console(highlight=False, soft_wrap=True, emoji=False)
    for line in text.lines(findings):
        console.print(line)


def _metrics_file(name: str) -> Path:
    path = Path(name)
    if path.suffix != metrics.SUFFIX:
        raise argparse.ArgumentTypeError(f"{name}: node exporter reads only files that end in {metrics.SUFFIX}")
    return path


if __name__ == "__main__":
    sys.exit(main())
