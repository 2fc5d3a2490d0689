"""The command line of `scripts/adopt`."""

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from commands.adopt import AdoptError, forms, imports
from commands.adopt.adoption import Adopting, Adoption
from commands.adopt.config import Config, read
from commands.adopt.declared import Program
from commands.adopt.look import Hosts
from commands.adopt.proposal import written
from commands.apply import ApplyError
from commands.apply.engine import installed_engine
from commands.apply.lab_stack import refuse_outside_lab
from commands.apply.stack_file import as_config, project_name
from onprem.connections import Connections
from onprem.errors import OnPremError
from onprem.inventory import read_hosts
from onprem.transport import Opener, open_ssh

ROOT = Path(__file__).parents[3]
FOLDER = ".adopt"
WHAT_IT_DOES = """\
Looks at servers that run already and says what this deployment would change on them, what it finds that nobody here
declares, and which settings would leave all as it is. Changes nothing on a host. Writes to .adopt/STACK, mode 0600:
import.json for `pulumi import --file`, with the stack file as it stands; proposed.json, for the stack file with the
proposed settings; Pulumi.STACK.yaml, that stack file. Both files hold passwords and keys: delete them once imported.
Exit code: 0 looked, 1 a host could not be looked at (the others were), nothing could, or the proposed settings must be
written by hand. docs/existing-hosts.md.
"""
WRITERS = {"text": forms.text, "markdown": forms.markdown, "json": forms.as_json}


def parser() -> argparse.ArgumentParser:
    """What the command understands."""
    arguments = argparse.ArgumentParser("scripts/adopt", description=WHAT_IT_DOES)
    arguments.add_argument("stack", metavar="STACK", help="its settings are in stacks/Pulumi.STACK.yaml")
    arguments.add_argument("hosts", metavar="HOST", nargs="*", help="only these hosts (default: all of the stack)")
    arguments.add_argument("--format", choices=tuple(WRITERS), default="text", help="default: text")
    arguments.add_argument(
        "--write", action="store_true", help="write the proposed settings into the stack file; the rest of it stays"
    )
    arguments.add_argument(
        "--timeout", type=float, default=180, metavar="SECONDS", help="for one service of a host (default: 180)"
    )
    arguments.add_argument(
        "--stacks", type=Path, default=ROOT / "stacks", metavar="DIR", help="folder of the stack files"
    )
    arguments.add_argument("--program", type=Path, default=ROOT, metavar="DIR", help="folder of the Pulumi program")
    arguments.add_argument(
        "--folder", type=Path, default=ROOT / FOLDER, metavar="DIR", help="where to write (default: .adopt)"
    )
    return arguments


def main(argv: Sequence[str] | None = None, opener: Opener = open_ssh) -> int:
    """Returns the exit code."""
    options = parser().parse_args(argv)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        refuse_outside_lab("adopt", options.stack, ROOT, os.environ)
        config = read(options.stack, options.stacks, options.program, installed_engine(), os.environ)
        found = look(options, config, opener)
        write_imports(options, found)
        sys.stdout.write(WRITERS[options.format](found))
        write_proposal(options, config, found)
        sys.stderr.write(f"written to {options.folder / options.stack}; see docs/existing-hosts.md\n")
    except (AdoptError, ApplyError, OnPremError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("adopt: interrupted; no host was changed\n")
        return 130
    return forms.exit_code(found)


def look(options: argparse.Namespace, config: Config, opener: Opener) -> Adoption:
    """One look at all hosts that were chosen."""
    program = Program(options.program, project_name(options.program), options.stack)
    connections = Connections(read_hosts(as_config(config.values).get("onprem:hosts", "{}")), opener)
    hosts = Hosts(connections, options.timeout)
    with asyncio.Runner() as runner:
        try:
            return Adopting(program, hosts, runner, frozenset(options.hosts)).run(config)
        finally:
            runner.run(hosts.close())


def write_imports(options: argparse.Namespace, found: Adoption) -> None:
    """The two files for `pulumi import`."""
    folder = options.folder / options.stack
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    imports.write(folder / "import.json", found.as_is.taken)
    imports.write(folder / "proposed.json", found.proposed.taken)


def write_proposal(options: argparse.Namespace, config: Config, found: Adoption) -> None:
    """The stack file with the proposed settings; raises when it cannot be written, and leaves none of before."""
    path = options.folder / options.stack / config.path.name
    path.unlink(missing_ok=True)
    text = written(str(config.path), config.path.read_text(), _new(config, found.settings))
    path.write_text(text)
    if options.write:
        config.path.write_text(text)


def _new(config: Config, settings: Mapping[str, object]) -> dict[str, object]:
    return {key: value for key, value in settings.items() if config.values.get(key) != value}


if __name__ == "__main__":
    sys.exit(main())
