"""`scripts/lab`: see `--help`."""

import argparse
import os
import sys
from pathlib import Path

from commands.lab import requirements, session, status
from commands.lab.arguments import default_stacks, parser
from commands.lab.errors import LabError
from commands.lab.lab import Lab, lab_of, locked
from commands.lab.network import exists
from commands.lab.places import Shared
from commands.lab.processes import remove_tree


def main() -> int:
    arguments = parser().parse_args()
    try:
        requirements.ensure()
        _do(arguments)
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"lab: {error.strerror or error}: {error.filename or 'no file named'}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("lab: interrupted; run the same command again to go on", file=sys.stderr)
        return 130
    return 0


def _do(arguments: argparse.Namespace) -> None:
    if arguments.command == "down":
        _down(arguments.stack, everything=arguments.all)
        return
    lab = lab_of(arguments.stack)
    if arguments.command in ("run", "ssh"):
        _session(lab, arguments)
    elif arguments.command == "status":
        print(status.table(lab))
    else:
        with locked(lab):
            _change(lab, arguments)


def _change(lab: Lab, arguments: argparse.Namespace) -> None:
    os.umask(0o022)  # a host's own files take their modes from it; what is secret says 0600 itself
    match arguments.command:
        case "up":
            lab.up(arguments.stacks or default_stacks())
        case "start":
            lab.start(arguments.host)
        case "kill":
            lab.kill(arguments.host)
        case "pause" | "resume":
            lab.freeze(arguments.host, frozen=arguments.command == "pause")
        case "cut":
            lab.cut(arguments.host, arguments.peers, arguments.one_way)
        case "heal":
            lab.heal(arguments.host)


def _session(lab: Lab, arguments: argparse.Namespace) -> None:
    stacks: Path = arguments.stacks or lab.stacks
    if not exists(lab.places):
        raise LabError(f"{lab.places.stack}: does not run; start it with: scripts/lab up {lab.places.stack}")
    words = arguments.words[1:] if arguments.words[:1] == ["--"] else arguments.words
    if arguments.command == "ssh":
        session.become_ssh(lab.places, lab.machine(arguments.host).name, words)
    if not words:
        raise LabError("run: no command; write it after --, as in: scripts/lab run dev -- pulumi preview")
    session.become(lab.places, stacks, words)


def _down(stack: str | None, *, everything: bool) -> None:
    if stack is None and not everything:
        raise LabError("down: name a stack, or --all")
    shared = Shared()
    names = sorted(folder.name for folder in shared.folder.parent.glob("[!@]*")) if everything else [stack or ""]
    for name in names:
        lab = lab_of(name)
        with locked(lab):
            lab.down()
    if everything and not shared.in_use:
        remove_tree(shared.folder)


if __name__ == "__main__":
    sys.exit(main())
