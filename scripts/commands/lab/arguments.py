"""The command line of `scripts/lab`."""

import argparse
import re
from pathlib import Path
from typing import TypeAlias

from commands.lab.places import ROOT

EPILOG = """\
examples:
  scripts/lab up dev                                  make the hosts of stacks/Pulumi.dev.yaml and start them
  scripts/lab run dev -- pulumi up --stack dev        deploy to them
  scripts/lab ssh dev dev1 systemctl --failed         look around on one
  scripts/lab cut test db1 --from db2 --one-way in    db1 hears nothing from db2; `heal` takes it back
  scripts/lab down dev                                remove them; `down --all` removes what labs share, too
"""


def _stack(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no stack name")
    return text


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="scripts/lab",
        description="Lab hosts of a stack on this machine: real systemd, sshd, addresses and firewall, in a network of "
        "their own that nothing outside can reach. Needs root on Debian; everything it makes is in .lab/.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--stacks", type=Path, metavar="DIR", help="folder of the stack files (default: stacks/)")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_life(commands)
    _add_sessions(commands)
    _add_faults(commands)
    return top


Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def _add(commands: Commands, name: str, does: str) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=does, description=f"{does[0].upper()}{does[1:]}.")
    command.add_argument("stack", type=_stack, metavar="STACK")
    return command


def _add_life(commands: Commands) -> None:
    _add(commands, "up", "make and start the hosts of the stack file; running ones are left alone")
    _add(commands, "status", "show hosts, addresses, what runs since when, and cuts")
    down = commands.add_parser(
        "down", help="remove the lab", description="Remove the lab; what labs share stays for the next one."
    )
    down.add_argument("stack", type=_stack, metavar="STACK", nargs="?")
    down.add_argument("--all", action="store_true", help="every lab of this checkout, the base and the package cache")


def _add_sessions(commands: Commands) -> None:
    run = _add(commands, "run", "run a command inside the lab's network, with the lab's key, state and passphrase")
    run.add_argument("words", nargs=argparse.REMAINDER, metavar="-- CMD…")
    ssh = _add(commands, "ssh", "log in to a host, or run a command there")
    ssh.add_argument("host", metavar="HOST")
    ssh.add_argument("words", nargs=argparse.REMAINDER, metavar="CMD…")


def _add_faults(commands: Commands) -> None:
    for name, does in (
        ("kill", "end a host at once, as when its power goes"),
        ("start", "start a host again, with its data"),
        ("pause", "freeze a host: its connections stay, it does not answer"),
        ("resume", "let a paused host go on"),
    ):
        _add(commands, name, does).add_argument("host", metavar="HOST")
    cut = _add(commands, "cut", "drop a host's traffic, on the network and not on the host")
    cut.add_argument("host", metavar="HOST")
    cut.add_argument("--from", dest="peers", action="append", default=[], metavar="HOST", help="only with this one")
    cut.add_argument("--one-way", choices=("in", "out"), default="both", help="only what it receives, or sends")
    _add(commands, "heal", "take cuts back").add_argument("host", metavar="HOST", nargs="?")


def default_stacks() -> Path:
    return ROOT / "stacks"
