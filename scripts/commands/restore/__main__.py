"""The command line of `scripts/restore`."""

import argparse
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from commands.apply import ApplyError
from commands.apply.engine import installed_engine
from commands.apply.lab_stack import refuse_outside_lab
from commands.restore import RestoreError
from commands.restore.hosts import order
from commands.restore.moments import NEWEST, moment
from commands.restore.restore import Order, Say, Site, Wanted, copies, load_site, refill, restore
from commands.verify import VerifyError
from commands.verify.outputs import load_outputs

ROOT = Path(__file__).parents[3]
WHAT_IT_DOES = """\
After a disaster: brings the database and uploaded files of a stack back from the copy offsite alone. First deploy to
the empty hosts (pulumi up --refresh), with the stack file and its secrets. A database that has rows is overwritten only
when its host is named. Nothing is deleted: what is replaced stays beside it, named *.before-TIME. Cut off, it goes on
when it is run again.
"""


def parser() -> argparse.ArgumentParser:
    """What the command understands."""
    arguments = argparse.ArgumentParser("scripts/restore", description=WHAT_IT_DOES)
    arguments.add_argument("stack", metavar="STACK", help="a deployed stack with im:backups")
    arguments.add_argument("--to", type=moment, metavar="TIME", help="up to this moment, as in 2026-11-26T03:30:00Z")
    arguments.add_argument(
        "--copy", type=moment, metavar="TIME", help="from the newest copy that was made by then, not from the newest"
    )
    what = arguments.add_mutually_exclusive_group()
    what.add_argument("--copies", action="store_true", help="only list the copies offsite")
    what.add_argument(
        "--repository", action="store_true", help="only the repository on the operations host; the database goes on"
    )
    arguments.add_argument(
        "--overwrite", action="append", default=[], metavar="HOST", help="a database host whose live data is replaced"
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
    begun = time.monotonic()

    def say(text: str) -> None:
        console.print(f"[{time.monotonic() - begun:4.0f} s] {text}", markup=False)

    try:
        refuse_outside_lab("restore", options.stack, ROOT, os.environ)
        site = load_site(options.stack, load_outputs(options.stack, ROOT, options.saved, installed_engine()))
        ask(options, site, order, say)
    except (RestoreError, VerifyError, ApplyError) as error:
        errors.print(Text(f"restore: {error}", "red"))
        return 1
    except KeyboardInterrupt:
        errors.print(Text("restore: interrupted; services may be stopped, run it again to go on", "red"))
        return 130
    return 0


def ask(options: argparse.Namespace, site: Site, order: Order, say: Say) -> None:
    """What the options ask for."""
    copy = options.copy or NEWEST
    if options.copies:
        print("\n".join(copies(site, order)))
    elif options.repository:
        refill(site, copy, order, say)
        say("done; run scripts/restore-test once the next backup is made")
    else:
        restore(site, Wanted(options.to or NEWEST, copy, options.overwrite), order, say)
        say("done; run scripts/verify, and pulumi up --refresh if the state is another than that of the backup")


if __name__ == "__main__":
    sys.exit(main())
