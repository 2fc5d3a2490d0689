"""The command line of `scripts/state`."""

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from commands.apply import ApplyError
from commands.apply.lab_stack import refuse_outside_lab
from commands.recover import RecoverError, clear
from commands.recover.__main__ import KEPT
from commands.recover.engine import Engine, reason
from commands.restore.moments import NEWEST, moment
from commands.state import StateError
from commands.state.bucket import Bucket, settings
from commands.state.copies import Place, read
from commands.state.hosts import keepers, save
from onprem.errors import OnPremError

ROOT = Path(__file__).parents[3]
WHAT_IT_DOES = """\
save: exports Pulumi's state of a stack, its secrets encrypted, to the host of operations, which sends it on to all that
keep copies of files. Run it after each pulumi up. restore: brings the newest back from the first place that has it,
into the backend that pulumi uses here; needs the stack file, its passphrase and ssh to that host. A bucket is opened by
the restic of this machine, with the secrets of the stack file. A state with resources is replaced only with
--overwrite.
"""


def parser() -> argparse.ArgumentParser:
    """What the command understands."""
    arguments = argparse.ArgumentParser("scripts/state", description=WHAT_IT_DOES)
    orders = arguments.add_subparsers(dest="order", required=True, metavar="save | restore")
    for name in ("save", "restore"):
        order = orders.add_parser(name)
        order.add_argument("stack", metavar="STACK")
        order.add_argument("--program", type=Path, default=ROOT, metavar="DIR", help="folder of the Pulumi program")
    order.add_argument("--from", dest="place", metavar="PLACE", help="a host of operations or offsite, or: bucket")
    order.add_argument("--copy", type=moment, metavar="TIME", help="the newest saved by then")
    order.add_argument("--overwrite", action="store_true", help="replace a state that has resources")
    order.add_argument("--kept", type=Path, default=ROOT / KEPT, metavar="DIR", help="folder for the states")
    return arguments


def main(argv: Sequence[str] | None = None) -> int:
    """Returns the exit code."""
    options = parser().parse_args(argv)
    engine = Engine(options.stack, options.program, os.environ)
    try:
        refuse_outside_lab(f"state {options.order}", options.stack, ROOT, os.environ)
        {"save": save_state, "restore": restore_state}[options.order](options, engine)
    except (StateError, RecoverError, ApplyError, OnPremError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("state: interrupted; run it again\n")
        return 130
    return 0


def save_state(options: argparse.Namespace, engine: Engine) -> None:
    """Raises before anything is sent when the secrets in the state are not encrypted."""
    stack, state = options.stack, engine.export()
    deployment = json.loads(state).get("deployment") or {}
    if not deployment.get("resources"):
        raise StateError(f"{stack}: has no state yet; run pulumi up --stack {stack}")
    if not (deployment.get("secrets_providers") or {}).get("type"):
        raise StateError(f"{stack}: the secrets in its state are not encrypted; it is not sent to a host")
    values = engine.values()
    save(stack, keepers(stack, values)[0], state)
    print(f"{stack}: the state is saved on {' and '.join(place.name for place in places(stack, values))}")


def restore_state(options: argparse.Namespace, engine: Engine) -> None:
    """The stack is made where it is not known; what its backend has is kept as a file."""
    stack = options.stack
    engine.select()
    before = engine.export()
    resources = (json.loads(before).get("deployment") or {}).get("resources") or []
    if resources and not options.overwrite:
        raise StateError(f"{stack}: has a state with {len(resources)} resources; to replace it, add: --overwrite")
    place, when, state = first(stack, places(stack, engine.values()), options.place, options.copy or NEWEST)
    if resources:
        clear.keep(options.kept, stack, before)
    done = engine.put(clear.keep(options.kept, stack, state, "the state as it was saved"))
    if done.returncode:
        raise StateError(f"{stack}: pulumi does not take the state: {reason(done)}")
    print(f"{stack}: has the state that {place} has of {when}")
    print(f"next: pulumi preview --refresh --stack {stack}")


def places(stack: str, values: Mapping[str, str]) -> tuple[Place, ...]:
    """All that keep copies, the host of operations first."""
    hosts = keepers(stack, values)
    return (*hosts, Bucket(values, hosts[0].name)) if settings(values).get("bucket_url") else hosts


def first(stack: str, found: Sequence[Place], named: str | None, by: str) -> tuple[str, str, str]:
    """Place, time and state: from the place that is named, or from the first that has one."""
    asked = [place for place in found if named in (None, place.name)]
    failed = [] if asked else [f"{stack}: {named} keeps no copies"]
    for place in asked:
        try:
            return place.name, *read(stack, place, by)
        except StateError as error:
            failed.append(str(error))
    raise StateError("\n".join(failed))


if __name__ == "__main__":
    sys.exit(main())
