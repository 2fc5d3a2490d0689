"""Where copies of files lie: restic's repositories, behind a server that adds and never deletes.

rclone speaks restic's protocol, with certificates on both sides. Whoever takes over a host can add to what lies here,
and read what that host's password opens; the history stays. What is old is removed here by a timer, and nowhere else.
"""

from typing import TYPE_CHECKING, Any

from pydantic import Field

from components.component import Component
from components.model import Settings
from components.network.flows import Flow
from components.operations.backups import SAVED, places, restic_key
from components.plan import HostPlan
from components.resources import Directory, File, Health, ServiceState, Unit, User
from components.text import render

if TYPE_CHECKING:
    from components.settings import DeploymentSettings

PORT = 8434
ACCOUNT = "im-copies"
STORE = "/var/lib/im-copies"
FOLDER = "/etc/im-copies"
CA, CERTIFICATE, KEY = f"{FOLDER}/ca.pem", f"{FOLDER}/certificate.pem", f"{FOLDER}/key.pem"
UNIT = "im-copies.service"
UNIT_FILE = f"/etc/systemd/system/{UNIT}"
PRUNE = "/usr/local/lib/im/copies-prune"
PRUNING = "im-copies-prune"
PRUNE_TIMER = f"{PRUNING}.timer"
KEYS = f"{FOLDER}/keys"
"""For removing alone: root's, and lent to that unit while it runs."""


class ResticServerSettings(Settings):
    """How long copies are kept. Times are written as systemd does (systemd.time(7))."""

    keep_days: int = Field(
        35, ge=2, le=3_650, description="older copies go; those of more than a day ago are thinned to one an hour"
    )
    prune_at: str = Field("*-*-* 03:15:00", description="when what is old is removed")


class ResticServer(Component):
    """One on the first host of operations, one on each that is offsite."""

    name = "restic-server"
    roles = ("operations", "offsite")
    holds_data = True

    @classmethod
    def is_chosen(cls, settings: "DeploymentSettings") -> bool:
        return settings.backups.enabled

    def declared(self, host: HostPlan) -> ServiceState | None:
        """The first of each."""
        return super().declared(host) if host in places(self.plan.settings).values() else None

    def service(self, host: HostPlan) -> ServiceState:
        """One place."""
        leaf, savers = self.plan.certificates.leaf(host, self.name), self.plan.hosts_of(*SAVED)
        return ServiceState(
            packages={"iproute2": "", "rclone": "", "restic": ""},
            users={ACCOUNT: User(home=STORE)},
            directories={
                FOLDER: Directory(),
                KEYS: Directory(mode="0700"),
                STORE: Directory(mode="0700", owner=ACCOUNT, group=ACCOUNT),
            },
            files={
                **units(self.plan.settings.restic_server, host),
                **{f"{KEYS}/{saver.name}": key_file(saver) for saver in savers},
                CA: File(content="${value:ca}\n"),
                CERTIFICATE: File(content="${value:certificate}\n"),
                KEY: File(content="${secret:key}\n", mode="0600", owner=ACCOUNT, group=ACCOUNT),
            },
            values={"ca": self.plan.certificates.ca, "certificate": leaf.certificate},
            secrets={"key": leaf.key, **{f"key_of_{saver.name}": restic_key(self.plan, saver) for saver in savers}},
            units={
                UNIT: Unit(restart_on=(UNIT_FILE, CA, CERTIFICATE, KEY)),
                PRUNE_TIMER: Unit(restart_on=(f"/etc/systemd/system/{PRUNE_TIMER}",)),
            },
            healthy=Health(command=f"ss -Hltn sport = :{PORT} | grep -q .", seconds=20),
        )

    @classmethod
    def flows(cls, settings: "DeploymentSettings") -> tuple[Flow, ...]:
        """From each host that has something to save."""
        return (Flow("restic", SAVED, cls.roles, (PORT,)),)


def key_file(saver: HostPlan) -> File:
    """What opens the copies of one host."""
    return File(content=f"${{secret:key_of_{saver.name}}}\n", mode="0600")


def units(own: ResticServerSettings, host: HostPlan) -> dict[str, File]:
    """The server, and the removal of what is old."""
    names: dict[str, Any] = {
        "account": ACCOUNT,
        "ca": CA,
        "certificate": CERTIFICATE,
        "host": host,
        "key": KEY,
        "keys": KEYS,
        "own": own,
        "port": PORT,
        "prune": PRUNE,
        "store": STORE,
    }
    named = (UNIT, f"{PRUNING}.service", PRUNE_TIMER)
    return {
        **{f"/etc/systemd/system/{name}": File(content=render(f"restic-server/{name}.j2", **names)) for name in named},
        PRUNE: File(content=render("restic-server/copies_prune.py"), mode="0755"),
    }
