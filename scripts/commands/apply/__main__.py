"""The command line of `scripts/apply`."""

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from commands.apply import ApplyError
from commands.apply.hosts import OnpremHosts
from commands.apply.lab_stack import refuse_outside_lab
from commands.apply.monitor import ActingMonitor
from commands.apply.program import run
from commands.apply.progress import Progress
from commands.apply.resources import Resources
from commands.apply.saved import opened
from commands.apply.stack_file import load_config, project_name, refuse_engine_state

ROOT = Path(__file__).parents[3]
SAVED = ".apply"
WHAT_IT_IS = """\
Deploys a stack without the Pulumi engine. This is a way to try the program and to test it, not the way to run it: there
is no preview and no state to import or refresh; it creates and updates, and deletes nothing. Generated passwords, keys
and certificates are in .apply/STACK.json (mode 0600). It refuses encrypted settings and stacks with a Pulumi state.
"""


def parser() -> argparse.ArgumentParser:
    """What the command understands."""
    arguments = argparse.ArgumentParser("scripts/apply", description=WHAT_IT_IS)
    arguments.add_argument("stack", metavar="STACK", help="its settings are in stacks/Pulumi.STACK.yaml")
    arguments.add_argument(
        "--stacks", type=Path, default=ROOT / "stacks", metavar="DIR", help="folder of the stack files"
    )
    arguments.add_argument("--program", type=Path, default=ROOT, metavar="DIR", help="folder of the Pulumi program")
    arguments.add_argument(
        "--saved", type=Path, default=ROOT / SAVED, metavar="DIR", help="folder for generated values (default: .apply)"
    )
    return arguments


def main(argv: Sequence[str] | None = None) -> int:
    """Returns the exit code: 0 when every host is as declared, 1 with one sentence for each failure otherwise."""
    options = parser().parse_args(argv)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    console = Console(highlight=False, soft_wrap=True)
    errors = Console(stderr=True, highlight=False, soft_wrap=True)
    try:
        counts = apply(options, console)
    except KeyboardInterrupt:
        errors.print("apply: interrupted; hosts put unfinished changes back; run it again to go on", markup=False)
        return 130
    except RunError as failed:
        for message in failed.messages:
            errors.print(message, style="red", markup=False)
        return 1
    console.print(f"{options.stack}: {counts}", markup=False)
    return 0


class RunError(ApplyError):
    """Everything that went wrong in one run."""

    def __init__(self, messages: Sequence[str]) -> None:
        super().__init__("\n".join(messages))
        self.messages = messages


def apply(options: argparse.Namespace, console: Console) -> str:
    """One run. Returns how many resources were created, changed and unchanged."""
    console.print("Without the Pulumi engine: no preview, deletes nothing. See --help.", style="dim")
    try:
        refuse_outside_lab("apply", options.stack, ROOT, os.environ)
        config = load_config(options.stack, options.stacks)
        project = project_name(options.program)
        refuse_engine_state(project, options.stack, options.program, os.environ)
        with (
            opened(options.saved, options.stack) as saved,
            Progress(console) as progress,
            OnpremHosts(config, progress) as hosts,
        ):
            resources = Resources(hosts, progress)
            monitor = ActingMonitor(resources, saved)
            saved.export(_run(options, project, config, monitor, hosts))
    except RunError:
        raise
    except ApplyError as error:
        raise RunError([str(error)]) from error
    return ", ".join(f"{resources.counts[change]} {change}" for change in ("created", "changed", "unchanged"))


def _run(
    options: argparse.Namespace, project: str, config: dict[str, str], monitor: ActingMonitor, hosts: OnpremHosts
) -> dict[str, Any]:
    try:
        return run(options.program, project, options.stack, config, monitor, hosts.stop)
    except Exception as error:
        raise RunError([str(each) for each in monitor.errors or [error]]) from error


if __name__ == "__main__":
    sys.exit(main())
