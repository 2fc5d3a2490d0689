"""The command line of `scripts/quickstart`."""

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
from commands.apply.stack_file import stack_path
from commands.quickstart import QuickstartError
from commands.quickstart.deploy import in_lab, was_without_engine, with_engine, without_engine
from commands.quickstart.engine import Engine, Say, find_engine
from commands.quickstart.programs import follow
from commands.quickstart.summary import summary
from commands.verify import VerifyError
from commands.verify.outputs import load_outputs

ROOT = Path(__file__).parents[3]
WHAT_IT_DOES = """\
From a fresh clone to delivered messages: makes the lab hosts of a stack on this machine (root, Debian 12), gets the
Pulumi engine (an installed one, else the official release, else it goes on without), deploys, and sends messages. Run
again, it changes nothing. It writes to .venv, .lab, .engine and .apply, all ignored by git.
"""


def parser() -> argparse.ArgumentParser:
    """What the command understands."""
    arguments = argparse.ArgumentParser("scripts/quickstart", description=WHAT_IT_DOES)
    arguments.add_argument("stack", metavar="STACK", nargs="?", default="dev", help="default: dev")
    arguments.add_argument("--without-engine", action="store_true", help="do not look for the Pulumi engine")
    return arguments


def main(argv: Sequence[str] | None = None) -> int:
    """Returns the exit code."""
    options = parser().parse_args(argv)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    console = Console(highlight=False, soft_wrap=True)
    errors = Console(stderr=True, highlight=False, soft_wrap=True)
    try:
        quickstart(options.stack, options.without_engine, console)
    except (QuickstartError, ApplyError, VerifyError) as error:
        errors.print(Text(f"quickstart: {error}", "red"))
        return 1
    except KeyboardInterrupt:
        errors.print(Text("quickstart: interrupted; run it again to go on", "red"))
        return 130
    return 0


def quickstart(stack: str, without: bool, console: Console) -> None:
    """Every step, each of which finds done what an earlier run did."""
    begun = time.monotonic()

    def say(text: str) -> None:
        console.print(Text(f"[{time.monotonic() - begun:4.0f} s] {text}", "bold"))

    stack_path(stack, ROOT / "stacks")
    say(f"1/4 lab hosts of {stack}")
    follow(["scripts/lab", "up", stack], ROOT, {})
    say("2/4 the Pulumi engine")
    engine = _engine(stack, without, say)
    say(f"3/4 deploying {stack}")
    if engine:
        with_engine(ROOT, stack, engine)
    else:
        without_engine(ROOT, stack)
    say(f"4/4 sending messages through {stack}")
    in_lab(ROOT, stack, ["scripts/verify", stack], engine)
    _show(stack, engine, console)
    say(f"{stack} works")


def _engine(stack: str, without: bool, say: Say) -> Engine | None:
    if without:
        say("without it, as asked")
        return None
    if was_without_engine(ROOT, stack):
        say("without it, as in the run before")
        return None
    return find_engine(ROOT / ".engine", say)


def _show(stack: str, engine: Engine | None, console: Console) -> None:
    asking = ("scripts/lab", "run", stack, "--", "pulumi") if engine else ()
    environment = {**os.environ, **(engine.environment if engine else {})}
    outputs = load_outputs(stack, ROOT, ROOT / ".apply", asking, environment)
    authority = ROOT / ".lab" / stack / "ca.pem"
    authority.write_text(outputs.ca)
    console.print(summary(stack, ROOT / "stacks", outputs, authority.relative_to(ROOT), engine is not None))


if __name__ == "__main__":
    sys.exit(main())
