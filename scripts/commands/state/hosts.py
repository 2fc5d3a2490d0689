"""What is asked of the hosts that keep the state of a stack."""

import json
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from commands.restore.moments import NEWEST
from commands.state import StateError
from commands.verify.outputs import HostLogin
from components.operations.backups import STATE_SET, STATES
from components.operations.restic_server import KEYS, STORE
from onprem.inventory import read_hosts

SAVE = """\
set -e
[ -d {folder} ] || {{ echo 'it takes no state; deploy im:backups with this version first' >&2; exit 1; }}
umask 077
cat >{file}.new
mv {file}.new {file}
systemctl start im-restic@{name} || {{ journalctl -u im-restic@{name} -o cat -n 3 --no-pager >&2; exit 1; }}
"""
READ = "restic --repo {store}/{saver} --password-file {keys}/{saver} --no-lock --no-cache "


@dataclass(frozen=True)
class Keepers:
    """`saver` is the host of operations that sends copies; `places` have them, itself first."""

    saver: HostLogin
    places: tuple[HostLogin, ...]


def keepers(stack: str, hosts: str, roles: str) -> Keepers:
    """From the JSON texts of `onprem:hosts` and `im:roles`."""
    logins, members = read_hosts(hosts), json.loads(roles)
    chosen = [members[role][0] for role in ("operations", "offsite") if members.get(role)]
    if not members.get("operations"):
        raise StateError(f"{stack}: has no host of operations, which keeps the state; see docs/backups.md")
    found = tuple(
        HostLogin(host=name, address=logins[name].address, user=logins[name].user, port=logins[name].port)
        for name in chosen
    )
    return Keepers(found[0], found)


def save(stack: str, saver: HostLogin, state: str) -> None:
    """To the host of operations, and from there at once to each place."""
    names = {"folder": STATES, "file": shlex.quote(file_of(stack)), "name": STATE_SET}
    asked(saver, ["sh", "-c", SAVE.format(**names)], state)


def read(stack: str, saver: HostLogin, place: HostLogin, by: str) -> tuple[str, str]:
    """When the state was copied, and the state: the newest, or the newest that was copied by a moment."""
    restic = READ.format(store=STORE, keys=KEYS, saver=saver.host).split()
    file = file_of(stack)
    found = json.loads(asked(place, [*restic, "snapshots", "--json", "--tag", STATE_SET, "--path", STATES]))
    chosen = newest(found or [], by)
    if not chosen:
        raise StateError(f"{place.host}: has no state of {stack}" + ("" if by == NEWEST else f" of before {by}"))
    return str(chosen["time"]), asked(place, [*restic, "dump", chosen["id"], file])


def newest(found: Sequence[Mapping[str, Any]], by: str) -> Mapping[str, Any] | None:
    """Of copies as restic lists them."""
    fitting = [each for each in found if by == NEWEST or when(each["time"]) <= when(by)]
    return max(fitting, key=lambda each: when(each["time"]), default=None)


def when(text: str) -> datetime:
    """To the second; restic writes nanoseconds, which not every Python reads."""
    head, _, rest = text.partition(".")
    return datetime.fromisoformat(head + rest.lstrip("0123456789"))


def file_of(stack: str) -> str:
    """Where the host of operations has the state."""
    return f"{STATES}/{stack}.json"


def asked(host: HostLogin, words: list[str], stdin: str = "") -> str:
    """What `words`, run there as root, print; raises with the last line of what is wrong."""
    done = subprocess.run(host.as_root(words), input=stdin, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        raise StateError(f"{host.host}: {lines[-1] if lines else f'ended with status {done.returncode}'}")
    return done.stdout
