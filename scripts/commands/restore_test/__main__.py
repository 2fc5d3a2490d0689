"""The command line of `scripts/restore-test`."""

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from commands.apply import ApplyError
from commands.apply.engine import installed_engine
from commands.apply.lab_stack import refuse_outside_lab
from commands.restore.moments import NEWEST, moment
from commands.restore_test import RestoreTestError
from commands.restore_test.report import keep, lines
from commands.restore_test.run import keeper, run
from commands.verify import VerifyError
from commands.verify.outputs import load_outputs

ROOT = Path(__file__).parents[3]
WHAT_IT_DOES = """\
Restores the newest backup of a deployed stack from the copy offsite alone, into a scratch PostgreSQL on the host of
operations: recovers it, compares it with what was counted at backup time, reads all of it (pg_amcheck), and removes it
again. Live data is not touched. The report (JSON, with RPO and RTO in seconds) stays on that host and comes to
.restore-tests/STACK/. Exit code 0 when the test is good, 1 with a sentence otherwise.
"""


def parser() -> argparse.ArgumentParser:
    """What the command understands."""
    arguments = argparse.ArgumentParser("scripts/restore-test", description=WHAT_IT_DOES)
    arguments.add_argument("stack", metavar="STACK", help="a deployed stack with im:backups")
    arguments.add_argument(
        "--to", type=moment, metavar="TIME", help="recover to this moment, as in 2026-11-26T03:30:00Z"
    )
    arguments.add_argument(
        "--copy", type=moment, metavar="TIME", help="try the newest copy that was made by then, not the newest"
    )
    arguments.add_argument(
        "--reports", type=Path, default=ROOT / ".restore-tests", metavar="DIR", help="where reports are kept"
    )
    arguments.add_argument(
        "--saved", type=Path, default=ROOT / ".apply", metavar="DIR", help="where scripts/apply keeps its values"
    )
    return arguments


def main(argv: Sequence[str] | None = None) -> int:
    """Returns the exit code."""
    options = parser().parse_args(argv)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    console, errors = (Console(stderr=stderr, highlight=False, soft_wrap=True) for stderr in (False, True))
    try:
        refuse_outside_lab("restore-test", options.stack, ROOT, os.environ)
        host = keeper(options.stack, load_outputs(options.stack, ROOT, options.saved, installed_engine()))
        with console.status("restoring the newest backup into a scratch instance"):
            report = run(host, options.to or NEWEST, options.copy or NEWEST)
        file = keep(options.reports / options.stack, report)
    except (RestoreTestError, VerifyError, ApplyError) as error:
        errors.print(Text(f"restore-test: {error}", "red"))
        return 1
    except KeyboardInterrupt:
        errors.print(Text("restore-test: interrupted; the test goes on, and leaves its report on its host", "red"))
        return 130
    for line in lines(report):
        console.print(line, markup=False)
    console.print(f"report: {file}", markup=False)
    if not report["good"]:
        errors.print(Text(f"restore-test: {report['problem']}", "red"))
    return 0 if report["good"] else 1


if __name__ == "__main__":
    sys.exit(main())
