"""The reader's login: sees what the manifests on a host list, without secrets. For jobs that run code of anybody.

Its key starts one program and nothing else, provider/onprem/agent/reader.py, as root and read-only.
"""

from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, Field

from components.component import Component
from components.model import Settings
from components.plan import EVERY_ROLE, HostPlan
from components.resources import File, Health, ServiceState, User
from components.servers.administrators import KEYS, a_public_key
from components.text import render

if TYPE_CHECKING:
    from components.settings import DeploymentSettings

ACCOUNT = "im-reader"
PROGRAM = "/usr/local/sbin/im-reader"
COMMAND = f"sudo -n {PROGRAM}"
SUDOERS = "/etc/sudoers.d/im-reader"
KEYS_FILE = f"{KEYS}/{ACCOUNT}"
KEYS_COMMAND = "/usr/local/sbin/im-reader-keys"
MOST_LOGINS = 16
"""The program is what counts those it serves; this bounds logins that start none."""
SHELL = "/bin/sh"
"""sshd starts even a forced command by the account's shell."""
STARTS = f"runuser -u {ACCOUNT} -- {COMMAND} </dev/null 2>&1 | grep -aq onprem-reader"
"""It says its name, also when it has no place left: who takes them all cannot hold up an update."""


class ReaderSettings(Settings):
    """Who may look and cannot touch."""

    keys: tuple[Annotated[str, AfterValidator(a_public_key)], ...] = Field(
        (), description="public ssh keys that only start the reader: for previews of pull requests, and for drift"
    )


class Reader(Component):
    """The program is the provider's own; it fills in which release it is, so that an old one shows."""

    name = "reader"
    roles = EVERY_ROLE

    @classmethod
    def is_chosen(cls, settings: "DeploymentSettings") -> bool:
        return bool(settings.reader.keys)

    def service(self, host: HostPlan) -> ServiceState:
        asked = {"account": ACCOUNT, "keys": KEYS_FILE, "most": MOST_LOGINS}
        return ServiceState(
            packages={"procps": "", "sudo": ""},
            users={ACCOUNT: User(home=KEYS, shell=SHELL)},
            files={
                PROGRAM: File(content="${reader}", mode="0755"),
                SUDOERS: File(content=render("reader/sudoers.j2", account=ACCOUNT, program=PROGRAM), mode="0440"),
                KEYS_COMMAND: File(content=render("reader/keys.j2", **asked), mode="0755"),
                KEYS_FILE: File(content=authorized_keys(self.plan.settings.reader)),
            },
            validate={SUDOERS: "visudo -c -q -f {staged}"},
            healthy=Health(command=STARTS, seconds=10),
        )


def authorized_keys(settings: ReaderSettings) -> str:
    """One line a key. sshd runs the command whatever is asked for, and forwards nothing."""
    return "".join(f'restrict,command="{COMMAND}" {key}\n' for key in settings.keys)
