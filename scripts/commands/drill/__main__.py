"""The command line of `scripts/drill`."""

import argparse
import asyncio
import contextlib
import logging
import os
import signal
import sys
import time
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

from rich.console import Console
from rich.text import Text

from commands.apply import ApplyError
from commands.apply.engine import installed_engine
from commands.drill import DrillError, report
from commands.drill.drill import drill
from commands.drill.faults import FAULTS, named
from commands.drill.rounds import Round
from commands.drill.site import load_site
from commands.lab import requirements
from commands.lab.errors import LabError
from commands.lab.lab import lab_of
from commands.lab.network import exists
from commands.lab.session import become
from commands.verify import VerifyError
from commands.verify.outputs import load_outputs
from commands.verify.sessions import derive_keys_quickly

ROOT = Path(__file__).parents[3]
INSIDE = "ONPREM_SSH_CONFIG"
WHAT_IT_DOES = """\
Harms the hosts of a deployed lab stack while people chat through it, and says what that did to them: for how long
nobody could write to the database, log in or reach the clients' address, and what became of each message. Each fault
begins with a stack at rest and is taken back, also on Ctrl-C. Exit code 0 when every limit was kept to, 1 when one was
not or the drill could not go on.
"""


def parser() -> argparse.ArgumentParser:
    """What the command understands."""
    arguments = argparse.ArgumentParser("scripts/drill", description=WHAT_IT_DOES)
    arguments.add_argument("stack", metavar="STACK", nargs="?", help="a stack that is deployed to lab hosts")
    arguments.add_argument("faults", metavar="FAULT", nargs="*", help="which faults (default: all)")
    arguments.add_argument("--list", action="store_true", help="the faults there are")
    arguments.add_argument("--rounds", type=_positive, default=1, metavar="N", help="of each fault (default: 1)")
    arguments.add_argument("--seconds", type=_positive, metavar="N", help="how long each lasts (default: its own time)")
    arguments.add_argument("--people", type=_positive, default=20, metavar="N", help="who chat (default: 20)")
    arguments.add_argument("--rate", type=float, default=10, metavar="N", help="messages a second (default: 10)")
    arguments.add_argument("--format", choices=("text", "json"), default="text", help="of the report")
    arguments.add_argument("--report", type=Path, metavar="FILE", help="write the JSON report there, after each round")
    arguments.add_argument("--saved", type=Path, default=ROOT / ".apply", metavar="DIR", help=argparse.SUPPRESS)
    return arguments


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is less than 1")
    return number


def main(argv: Sequence[str] | None = None) -> int:
    """Returns the exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    arguments = parser()
    options = arguments.parse_args(words)
    if options.list:
        print("\n".join(map(str, FAULTS)))
        return 0
    if not options.stack:
        arguments.error("name a stack, for example test")
    logging.getLogger("slixmpp").setLevel(logging.CRITICAL)
    derive_keys_quickly()
    errors = Console(stderr=True, highlight=False, soft_wrap=True)
    rounds: list[Round] = []
    try:
        _drill(options, words, rounds, errors)
    except (DrillError, LabError, VerifyError, ApplyError) as error:
        errors.print(Text(f"drill: {error}", "red"))
        _tell(options, rounds)
        return 1
    except (KeyboardInterrupt, asyncio.CancelledError):
        errors.print(Text("drill: interrupted; the fault is taken back", "red"))
        _tell(options, rounds)
        return 130
    _tell(options, rounds)
    return 1 if any(map(report.passed, rounds)) else 0


def _drill(options: argparse.Namespace, words: list[str], rounds: list[Round], errors: Console) -> None:
    faults = tuple(replace(fault, seconds=options.seconds or fault.seconds) for fault in named(options.faults))
    requirements.ensure()
    lab = lab_of(options.stack)
    if not lab.places.record.exists() or not exists(lab.places):
        raise DrillError(
            f"{options.stack}: has no lab, and drills harm their hosts; run: scripts/quickstart {options.stack}"
        )
    if not os.environ.get(INSIDE, "").startswith(f"{lab.places.folder}/"):
        _go_inside(options, words)
    outputs = load_outputs(options.stack, ROOT, options.saved, installed_engine())
    site = load_site(lab, outputs, ROOT / "stacks", options.saved)
    begun = time.monotonic()

    def say(text: str) -> None:
        errors.print(Text(f"[{time.monotonic() - begun:4.0f} s] {text}", "bold"))

    def note(one: Round) -> None:
        rounds.append(one)
        say(f"{one.fault}: {'; '.join(report.passed(one)) or 'within limits'}")
        if options.report:
            options.report.write_text(report.document(options.stack, rounds) + "\n")

    with contextlib.redirect_stdout(sys.stderr):  # where the lab says what it does
        asyncio.run(_interruptible(drill(site, faults * options.rounds, options.people, options.rate, say, note)))


def _go_inside(options: argparse.Namespace, words: list[str]) -> NoReturn:
    """Becomes the same command in the lab's network."""
    lab = lab_of(options.stack)
    become(lab.places, lab.stacks, [str(ROOT / "scripts" / "drill"), *words])


async def _interruptible(work: Coroutine[Any, Any, None]) -> None:
    """Ctrl-C and SIGTERM cancel `work`, which then cleans up; more of them change nothing."""
    task = asyncio.ensure_future(work)
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    await task


def _tell(options: argparse.Namespace, rounds: Sequence[Round]) -> None:
    if options.format == "json":
        print(report.document(options.stack, rounds))
    elif rounds:
        Console(highlight=False, width=None if sys.stdout.isatty() else 240).print(report.table(options.stack, rounds))


if __name__ == "__main__":
    sys.exit(main())
