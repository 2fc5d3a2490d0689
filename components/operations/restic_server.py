"""Where copies of files lie: restic's repositories, behind a server that adds and never deletes.

rclone speaks restic's protocol, with certificates on both sides. Whoever takes over a host can add to what lies here,
and read what that host's password opens; the history stays.
"""

from typing import TYPE_CHECKING

from components.component import Component
from components.model import Settings
from components.network.flows import Flow
from components.operations.backups import SAVED, places
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


class ResticServerSettings(Settings):
    """Where copies of files lie. There is nothing to set."""


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
        leaf = self.plan.certificates.leaf(host, self.name)
        names = {"host": host, "port": PORT, "ca": CA, "certificate": CERTIFICATE, "key": KEY}
        unit = render("restic-server/im-copies.service.j2", account=ACCOUNT, store=STORE, **names)
        return ServiceState(
            packages={"rclone": ""},
            users={ACCOUNT: User(home=STORE)},
            directories={FOLDER: Directory(), STORE: Directory(mode="0700", owner=ACCOUNT, group=ACCOUNT)},
            files={
                UNIT_FILE: File(content=unit),
                CA: File(content="${value:ca}\n"),
                CERTIFICATE: File(content="${value:certificate}\n"),
                KEY: File(content="${secret:key}\n", mode="0600", owner=ACCOUNT, group=ACCOUNT),
            },
            values={"ca": self.plan.certificates.ca, "certificate": leaf.certificate},
            secrets={"key": leaf.key},
            units={UNIT: Unit(restart_on=(UNIT_FILE, CA, CERTIFICATE, KEY))},
            healthy=Health(command=f"ss -Hltn sport = :{PORT} | grep -q .", seconds=20),
        )

    @classmethod
    def flows(cls, settings: "DeploymentSettings") -> tuple[Flow, ...]:
        """From each host that has something to save."""
        return (Flow("restic", SAVED, cls.roles, (PORT,)),)
