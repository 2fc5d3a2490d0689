"""Restores of PostgreSQL from the copy offsite: a test on a timer, in a scratch instance that is always removed.

The test runs on the first host of `operations`. What it restores is the copy offsite and nothing else; what it compares
with was counted when the backup was made. `scripts/restore-test` starts it, and brings its report. The program itself
comes with restic (`restore_program.py`).
"""

from typing import TYPE_CHECKING

from pydantic import Field

from components.component import Component
from components.data_stores.postgresql_files import CREATE_CLUSTER
from components.im.ejabberd import Ejabberd, no_port_mapper
from components.model import Settings
from components.operations.backups import REPORTS, repository
from components.operations.restore_program import PROGRAM, is_possible
from components.plan import HostPlan
from components.resources import Directory, File, Health, ServiceState, Unit
from components.text import render

if TYPE_CHECKING:
    from components.settings import DeploymentSettings

TEST = "im-restore-test@"
"""Its instances are moments to restore to, and `newest`."""
TIMER = "im-restore-test.timer"
IM_SERVER = {"ejabberd": "", "erlang-p1-pgsql": ""}
"""For reading a message back."""


class RestoreSettings(Settings):
    """When restores are tested. Times are written as systemd does (systemd.time(7))."""

    test_at: str = Field("*-*-* 05:20:00", description="when the copy offsite is restored, to see that it can be")


class Restore(Component):
    """On the host that keeps the repository."""

    name = "restore"
    roles = ("operations",)

    @classmethod
    def is_chosen(cls, settings: "DeploymentSettings") -> bool:
        return settings.backups.enabled and is_possible(settings)

    def declared(self, host: HostPlan) -> ServiceState | None:
        """Further hosts of operations have no part in it."""
        return super().declared(host) if host == repository(self.plan.settings) else None

    def service(self, host: HostPlan) -> ServiceState:
        """What starts the program, and the servers for it to run; a host may have them already."""
        brings = "database" not in host.roles
        chats = Ejabberd.is_chosen(self.plan.settings) and "im" not in host.roles
        return ServiceState(
            packages={**({"postgresql-15": ""} if brings else {}), **(IM_SERVER if chats else {})},
            directories={REPORTS: Directory()},
            files={**units(self.plan.settings), **(no_cluster() if brings else {})},
            units={TIMER: Unit(restart_on=(unit_file(TIMER),)), **(no_im_server(host) if chats else {})},
            healthy=Health(command=f"systemctl is-active --quiet {TIMER}", seconds=10),
        )


def no_im_server(host: HostPlan) -> dict[str, Unit]:
    """The package's own stays off, and Erlang's port mapper, where RabbitMQ does not decide on that."""
    off = Unit(running=False, enabled=False)
    return {"ejabberd.service": off, **no_port_mapper(host)}


def unit_file(unit: str) -> str:
    """Where a unit of ours is."""
    return f"/etc/systemd/system/{unit}"


def no_cluster() -> dict[str, File]:
    """Debian makes a server of its own when PostgreSQL is installed, unless it is told not to before."""
    content = render("postgresql/createcluster.conf.j2")
    return {CREATE_CLUSTER: File(content=content, early=True)}


def units(settings: "DeploymentSettings") -> dict[str, File]:
    """What starts the test."""
    names = {"program": PROGRAM, "at": settings.restore.test_at, "test": TEST}
    return {
        unit_file(f"{TEST}.service"): File(content=render(f"restore/{TEST}.service.j2", **names)),
        unit_file(TIMER): File(content=render(f"restore/{TIMER}.j2", **names)),
    }
