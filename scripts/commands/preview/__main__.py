"""The command line of `scripts/preview`."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from commands.apply import ApplyError
from commands.apply.lab_stack import refuse_outside_lab
from commands.apply.stack_file import stack_path
from commands.preview import PreviewError
from commands.preview.bare_state import save
from commands.preview.digest import Digest
from commands.preview.engine import preview
from commands.preview.json_form import json_form
from commands.preview.markdown import GITHUB_LIMIT_BYTES, markdown
from commands.preview.report import Report, exit_code, report
from commands.preview.sandbox import sandbox
from commands.preview.text import text
from components.deployment import COMPONENTS

ROOT = Path(__file__).parents[3]
WHAT_IT_DOES = """\
Says what `pulumi up` would change: per host and service the files, packages, units and steps, what restarts, which data
stores go, and each line that differs. Compares with the last known state, without asking any host; --live asks them.
With ONPREM_READER, the account of the hosts' readers, it needs no key that could change them. Nothing is changed, and
no secret is shown. Exit code: 0 no change, 2 changes, 1 a preview failed.
"""


def parser() -> argparse.ArgumentParser:
    """What the command understands."""
    arguments = argparse.ArgumentParser("scripts/preview", description=WHAT_IT_DOES)
    arguments.add_argument("stacks", metavar="STACK", nargs="+", help="a stack of stacks/")
    _paths(arguments)
    arguments.add_argument("--format", choices=("text", "markdown", "json"), default="text", help="default: text")
    arguments.add_argument(
        "--limit",
        type=int,
        default=GITHUB_LIMIT_BYTES,
        metavar="BYTES",
        help=f"of Markdown; what does not fit is left out, with a note (default: {GITHUB_LIMIT_BYTES}; 0: no limit)",
    )
    return arguments


def _paths(arguments: argparse.ArgumentParser) -> None:
    without = arguments.add_mutually_exclusive_group()
    without.add_argument(
        "--state",
        type=Path,
        metavar="DIR",
        help="compare with the states that --save-state wrote to DIR: no backend, passphrase or key is needed",
    )
    without.add_argument(
        "--save-state", type=Path, metavar="DIR", help="only write each stack's state, without its secrets, to DIR"
    )
    arguments.add_argument(
        "--live",
        action="store_true",
        help="read the live hosts first, over ssh; together with --state only by their readers (ONPREM_READER)",
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Returns the exit code. What is printed is complete also when a stack's preview failed."""
    options = parser().parse_args(argv)
    if options.save_state and options.live:
        parser().error("--save-state only writes the last known state; leave --live out")
    try:
        if options.save_state:
            return _save(options.stacks, options.save_state)
        reports = [_report(stack, options.live, options.state) for stack in options.stacks]
    except KeyboardInterrupt:
        sys.stderr.write("preview: interrupted; nothing was changed\n")
        return 130
    sys.stdout.write(_formatted(reports, options.format, options.limit))
    return exit_code(reports)


def _formatted(reports: Sequence[Report], form: str, limit: int) -> str:
    if form == "markdown":
        return markdown(reports, limit)
    return json_form(reports) if form == "json" else text(reports)


def _report(stack: str, live: bool, states: Path | None) -> Report:
    """A failure of one stack does not hide the others."""
    stores = {component.name for component in COMPONENTS if component.holds_data}
    try:
        digest = _digest(stack, live, states)
    except (PreviewError, ApplyError) as error:
        return Report(stack, live, errors=(str(error),))
    return report(stack, digest, stores, live=live, bare=states is not None)


def _digest(stack: str, live: bool, states: Path | None) -> Digest:
    stack_path(stack, ROOT / "stacks")
    if states is None or live:
        refuse_outside_lab("preview", stack, ROOT, os.environ)
    if states is None:
        return preview(stack, ROOT, live=live, environment=os.environ)
    if live and not os.environ.get("ONPREM_READER"):
        raise PreviewError(
            f"{stack}: --live with --state asks the hosts' readers: a state without secrets tells other logins nothing;"
            " set ONPREM_READER to their account, for example im-reader"
        )
    with sandbox(stack, ROOT, states / f"{stack}.json", os.environ) as inside:
        return preview(stack, inside.root, live=live, environment=inside.environment)


def _save(stacks: Sequence[str], folder: Path) -> int:
    try:
        for stack in stacks:
            stack_path(stack, ROOT / "stacks")
            save(stack, ROOT, folder / f"{stack}.json", os.environ)
    except (PreviewError, ApplyError) as error:
        sys.stderr.write(f"preview: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
