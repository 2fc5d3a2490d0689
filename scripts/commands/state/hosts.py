"""The hosts that keep the state of a stack."""

import json
import shlex
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass

from commands.state import StateError
from commands.state.copies import answer, file_of
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


@dataclass(frozen=True)
class Host:
    """`saver` names the host whose copies are meant."""

    login: HostLogin
    saver: str

    @property
    def name(self) -> str:
        """As the stack file knows it."""
        return self.login.host

    def restic(self, *words: str) -> str:
        """Runs there, as root."""
        own = ["--repo", f"{STORE}/{self.saver}", "--password-file", f"{KEYS}/{self.saver}", "--no-lock", "--no-cache"]
        return self.asked(["restic", *own, *words])

    def asked(self, words: list[str], stdin: str = "") -> str:
        """What `words`, run there as root, print; raises StateError."""
        done = subprocess.run(self.login.as_root(words), input=stdin, capture_output=True, text=True, check=False)
        return answer(self.name, done)


def keepers(stack: str, values: Mapping[str, str]) -> tuple[Host, ...]:
    """The host of operations, which sends copies, and the one offsite; `values` are those of the stack file."""
    logins, members = read_hosts(values["onprem:hosts"]), json.loads(values["im:roles"])
    if not members.get("operations"):
        raise StateError(f"{stack}: has no host of operations, which keeps the state; see docs/backups.md")
    names = [members[role][0] for role in ("operations", "offsite") if members.get(role)]
    found = (
        HostLogin(host=name, address=logins[name].address, user=logins[name].user, port=logins[name].port)
        for name in names
    )
    return tuple(Host(login, names[0]) for login in found)


def save(stack: str, saver: Host, state: str) -> None:
    """To the host of operations, and from there at once to each place."""
    names = {"folder": STATES, "file": shlex.quote(file_of(stack)), "name": STATE_SET}
    saver.asked(["sh", "-c", SAVE.format(**names)], state)
