"""The command line of `scripts/verify`."""

import argparse
import asyncio
import logging
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from commands.apply import ApplyError
from commands.apply.engine import installed_engine
from commands.apply.lab_stack import refuse_outside_lab
from commands.verify import VerifyError
from commands.verify.checks import verify
from commands.verify.outputs import load_outputs
from commands.verify.run import Check, Run

ROOT = Path(__file__).parents[3]
WHAT_IT_DOES = """\
Sends messages through a deployed stack as its users would: two temporary accounts, each way in through the load
balancer (STARTTLS, direct TLS, WebSocket), certificates checked against the deployment's authority, the archive, an
upload, the redirect from port 80. Prints milliseconds. Exit code 0 when all of it works.
"""


def parser() -> argparse.ArgumentParser:
    """What the command understands."""
    arguments = argparse.ArgumentParser("scripts/verify", description=WHAT_IT_DOES)
    arguments.add_argument("stack", metavar="STACK", help="a deployed stack")
    arguments.add_argument(
        "--saved", type=Path, default=ROOT / ".apply", metavar="DIR", help="where scripts/apply keeps its values"
    )
    return arguments


def main(argv: Sequence[str] | None = None) -> int:
    """Returns the exit code."""
    options = parser().parse_args(argv)
    logging.getLogger("slixmpp").setLevel(logging.CRITICAL)  # failures are told by the checks
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    errors = Console(stderr=True, highlight=False, soft_wrap=True)
    console = Console(highlight=False)
    try:
        refuse_outside_lab("verify", options.stack, ROOT, os.environ)
        outputs = load_outputs(options.stack, ROOT, options.saved, installed_engine())
        with console.status("") as status:
            run = Run(status.update)
            asyncio.run(verify(outputs, run))
    except (VerifyError, ApplyError) as error:
        errors.print(Text(str(error), "red"))
        return 1
    except KeyboardInterrupt:
        errors.print(Text("verify: interrupted; the temporary accounts are removed", "red"))
        return 130
    console.print(table(options.stack, run.checks))
    for check in run.failed:
        errors.print(Text(check.problem, "red"))
    return 1 if run.failed else 0


def table(stack: str, checks: Sequence[Check]) -> Table:
    """All checks at a glance."""
    rows = Table(
        "check", "ms", "", title=f"{stack}: {sum(not check.problem for check in checks)} of {len(checks)} work"
    )
    rows.columns[1].justify = "right"
    for check in checks:
        rows.add_row(check.name, f"{check.milliseconds:.0f}", _outcome(check))
    return rows


def _outcome(check: Check) -> str:
    if check.skipped:
        return check.skipped
    return "fails" if check.problem else "works"


if __name__ == "__main__":
    sys.exit(main())
