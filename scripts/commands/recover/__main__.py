"""The command line of `scripts/recover`."""

import argparse
import asyncio
import os
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from commands.apply import ApplyError
from commands.apply.lab_stack import refuse_outside_lab
from commands.apply.stack_file import project_name
from commands.recover import RecoverError, clear, locks, pending
from commands.recover.engine import Engine
from commands.recover.hosts import unfinished
from onprem.connections import Connections
from onprem.errors import OnPremError
from onprem.inventory import read_hosts
from onprem.transport import Opener, open_ssh

ROOT = Path(__file__).parents[3]
KEPT = ".recover"
WHAT_IT_DOES = """\
Run this after a pulumi up that was killed: says who holds the stack's lock and what was under way, takes the lock away,
forgets what was under way, and says what to run next. A lock is taken away only when its process is gone; one of
another machine needs --machine. A copy of the state as it was is kept, its secrets encrypted. Hosts are not touched:
each undoes by itself what was cut off there. Exit code: 0, also when there is nothing to clear; 1 when something could
not be done.
"""


def parser() -> argparse.ArgumentParser:
    """What the command understands."""
    arguments = argparse.ArgumentParser("scripts/recover", description=WHAT_IT_DOES)
    arguments.add_argument("stack", metavar="STACK", help="the stack whose run was cut off")
    arguments.add_argument(
        "--machine",
        action="append",
        default=[],
        metavar="NAME",
        help="the run that was started on this machine has ended: you looked there",
    )
    arguments.add_argument("--dry-run", action="store_true", help="only say what is there")
    arguments.add_argument("--live", action="store_true", help="also ask the hosts for changes that were cut off")
    arguments.add_argument("--program", type=Path, default=ROOT, metavar="DIR", help="folder of the Pulumi program")
    arguments.add_argument(
        "--kept", type=Path, default=ROOT / KEPT, metavar="DIR", help=f"folder for the state's copies (default: {KEPT})"
    )
    return arguments


def main(argv: Sequence[str] | None = None, opener: Opener = open_ssh) -> int:
    """Returns the exit code."""
    options = parser().parse_args(argv)
    try:
        refuse_outside_lab("recover", options.stack, ROOT, os.environ)
        recover(options, os.environ, opener)
    except (RecoverError, ApplyError, OnPremError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("recover: interrupted; run it again\n")
        return 130
    return 0


def recover(options: argparse.Namespace, environment: Mapping[str, str], opener: Opener) -> None:
    """All of it; raises before anything was cleared, or says what was."""
    stack = options.stack
    engine = Engine(stack, options.program, environment)
    folder = engine.folder()
    held = locks.in_folder(folder, project_name(options.program), stack) if folder else []
    state = engine.export()
    under_way = pending.operations(stack, state)
    for lock in held:
        print(f"{stack}: locked by {lock}")
    for operation in under_way:
        print(f"{stack}: cut off: {operation}")
    locks.refuse_living(stack, held, socket.gethostname(), options.machine)
    if options.live:
        print("\n".join(asyncio.run(unfinished(Connections(read_hosts(engine.hosts()), opener)))))
    if not held and not under_way and folder:
        print(f"{stack}: nothing to clear")
    elif options.dry_run:
        unseen = "" if folder else "; this backend tells no lock before it is written to"
        print(f"{stack}: nothing was changed{unseen}")
    else:
        if held:
            clear.unlock(engine)
        if under_way or not folder:
            copy = clear.keep(options.kept, stack, state)
            if not folder:
                clear.unlock_by_refusal(engine, copy, options.machine)
            clear.forget(engine, copy)
        print(f"next: pulumi up --refresh --stack {stack}")


if __name__ == "__main__":
    sys.exit(main())
