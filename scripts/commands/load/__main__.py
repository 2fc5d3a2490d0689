"""The command line of `scripts/load`."""

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from commands.apply import ApplyError
from commands.lab.errors import LabError
from commands.load import LoadError, report
from commands.load.figures import figures, problems
from commands.load.rounds import Plan, rounds
from commands.load.ways import Site, Way, direct, entry, load_site
from commands.verify import VerifyError

ROOT = Path(__file__).parents[3]
BESIDE = "dev"
WHAT_IT_DOES = """\
Measures a deployed lab stack as its users come to it (STARTTLS, certificate checked, SCRAM, archive on): many logins at
once, chat at a steady rate, and chat as fast as it goes. Beside it, in the same run: ejabberd of a one-host stack,
reached directly, without load balancer and cluster. Accounts are made for it and removed again, also on Ctrl-C. Exit
code 1 when a message did not arrive exactly once, or is not in both archives.
"""


def parser() -> argparse.ArgumentParser:
    """What the command understands."""
    arguments = argparse.ArgumentParser("scripts/load", description=WHAT_IT_DOES)
    arguments.add_argument("stack", metavar="STACK", help="a deployed stack")
    arguments.add_argument(
        "--beside", metavar="STACK", help=f"a lab stack with one IM host (default: STACK if it is one, else {BESIDE})"
    )
    arguments.add_argument("--alone", action="store_true", help="nothing to compare with")
    arguments.add_argument("--clients", type=_even, default=40, metavar="N", help="an even number (default: 40)")
    arguments.add_argument("--rate", type=_positive, default=50, metavar="N", help="steady messages a second (50)")
    arguments.add_argument("--seconds", type=_positive, default=20, metavar="N", help="of each chat phase (20)")
    arguments.add_argument("--rounds", type=_whole, default=3, metavar="N", help="of each way (default: 3)")
    arguments.add_argument("--format", choices=("table", "json"), default="table", help="default: table")
    arguments.add_argument(
        "--outside-lab", action="store_true", help="load hosts that are no lab hosts; implies --alone"
    )
    arguments.add_argument(
        "--saved", type=Path, default=ROOT / ".apply", metavar="DIR", help="where scripts/apply keeps its values"
    )
    return arguments


def main(argv: Sequence[str] | None = None) -> int:
    """Returns the exit code."""
    options = parser().parse_args(argv)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    errors = Console(stderr=True, highlight=False, soft_wrap=True)
    plan = Plan(options.clients, options.rate, options.seconds, options.rounds)
    try:
        ways = _ways(options)
        runs = rounds(ways, plan, lambda text: errors.print(Text(text, "bold")))
    except (LoadError, VerifyError, ApplyError, LabError) as error:
        errors.print(Text(f"load: {error}", "red"))
        return 1
    except KeyboardInterrupt:
        errors.print(Text("load: interrupted; the accounts are removed", "red"))
        return 130
    found = figures(runs)
    beside = ways[1].site.stack if len(ways) > 1 else None
    if options.format == "json":
        print(report.document(options.stack, beside, plan, runs, found))
    else:
        console = Console(highlight=False, width=None if sys.stdout.isatty() else 160)
        console.print(report.table(_title(options.stack, beside, plan), found))
        for line in report.lines(found):
            console.print(Text(line))
    for problem in problems(found):
        errors.print(Text(problem, "red"))
    return 1 if problems(found) else 0


def _ways(options: argparse.Namespace) -> list[Way]:
    site = load_site(options.stack, ROOT, options.saved, outside_lab=options.outside_lab)
    if options.alone or site.lab is None:
        return [entry(site)]
    return [entry(site), direct(_beside(site, options))]


def _beside(site: Site, options: argparse.Namespace) -> Site:
    if options.beside in (None, site.stack) and len(site.im_hosts) == 1:
        return site
    stack = options.beside or BESIDE
    try:
        return load_site(stack, ROOT, options.saved, outside_lab=False)
    except LoadError:
        reason = "has no lab to compare with"
        raise LoadError(f"{stack}: {reason}; run scripts/quickstart {stack}, or say --alone") from None


def _title(stack: str, beside: str | None, plan: Plan) -> str:
    against = f", beside {beside} reached directly" if beside else ""
    return f"{stack}{against}: {plan.clients} clients, {plan.rounds} rounds of {plan.seconds:g} s, medians"


def _positive(text: str) -> float:
    number = float(text)
    if not number > 0:
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return number


def _whole(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is less than 1")
    return number


def _even(text: str) -> int:
    number = _whole(text)
    if number % 2:
        raise argparse.ArgumentTypeError(f"{text} is odd; clients chat in pairs")
    return number


if __name__ == "__main__":
    sys.exit(main())
