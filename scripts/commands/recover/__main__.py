"""The command line of `scripts/recover`."""

import argparse
import asyncio
import os
import socket
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from commands.apply import ApplyError
from commands.apply.lab_stack import refuse_outside_lab
from commands.apply.stack_file import project_name
from commands.recover import RecoverError, locks, pending
from commands.recover.engine import Engine, reason
from commands.recover.hosts import unfinished
from commands.recover.locks import Lock
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
    stack, here = options.stack, socket.gethostname()
    engine = Engine(stack, options.program, environment)
    folder = engine.folder()
    held = locks.in_folder(folder, project_name(options.program), stack) if folder else []
    state = engine.export()
    under_way = pending.operations(stack, state)
    _say(stack, held, [str(each) for each in under_way])
    locks.refuse_living(stack, held, here, options.machine)
    if options.live:
        print("\n".join(asyncio.run(unfinished(Connections(read_hosts(engine.hosts()), opener)))))
    if not held and not under_way and folder:
        print(f"{stack}: nothing to clear")
    elif options.dry_run:
        print(
            f"{stack}: nothing was changed" + ("" if folder else "; this backend tells no lock before it is written to")
        )
    else:
        _clear(options, engine, held, state if under_way or not folder else "")
        print(f"next: pulumi up --refresh --stack {stack}")


def _say(stack: str, held: Sequence[Lock], under_way: Sequence[str]) -> None:
    for lock in held:
        print(f"{stack}: locked by {lock}")
    for operation in under_way:
        print(f"{stack}: cut off: {operation}")


def _clear(options: argparse.Namespace, engine: Engine, held: Sequence[Lock], state: str) -> None:
    """`state` is put back without what was under way; none leaves it as it is."""
    stack = options.stack
    if held:
        engine.cancel()
        print(f"{stack}: the lock is taken away")
    if not state:
        return
    copy = _keep(options.kept, stack, state)
    print(f"{stack}: the state as it was: {copy}")
    done = engine.put(copy)
    if done.returncode and (told := locks.in_text(done.stderr)) and not held:
        # A backend that is no folder names its locks only to who wants to write.
        _say(stack, told, [])
        locks.refuse_living(stack, told, socket.gethostname(), options.machine)
        engine.cancel()
        print(f"{stack}: the lock is taken away")
        done = engine.put(copy)
    if done.returncode:
        raise RecoverError(f"{stack}: what was under way is not cleared: {reason(done)}")
    print(f"{stack}: nothing is under way any more")


def _keep(folder: Path, stack: str, state: str) -> Path:
    """The path of a new file with `state`, for the operator's eyes only."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{stack}-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}.json"
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(state)
    return path


if __name__ == "__main__":
    sys.exit(main())
