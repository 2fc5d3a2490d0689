"""Restores of PostgreSQL from the copy offsite: a test on a timer, in a scratch instance that is always removed.

It runs on the first host of `operations`. What it restores is the copy offsite and nothing else; what it compares with
was counted when the backup was made. `scripts/restore-test` starts it, and brings its report.
"""

import json
from typing import TYPE_CHECKING

from pydantic import Field

from components.component import Component
from components.data_stores import postgresql
from components.data_stores.archiving import STANZA
from components.model import Settings
from components.operations import pgbackrest, pgbackrest_schedule
from components.operations.backups import METRICS, repository
from components.plan import HostPlan
from components.resources import Directory, File, Health, ServiceState, Unit
from components.text import render

if TYPE_CHECKING:
    from components.settings import DeploymentSettings

PROGRAM = "/usr/local/lib/im/postgresql-restore"
PACKAGE = "/usr/local/lib/im/restoring"
MODULES = ("main", "commands", "copies", "errors", "instance", "repository", "scratch", "trial")
FOLDER, CONFIG = "/etc/im-restore", "/etc/im-restore/restore.json"
STATE = "/var/lib/im-restore"
REPORTS = f"{STATE}/reports"
TEST = "im-restore-test@"
"""Its instances are moments to restore to, and `newest`."""
TIMER = "im-restore-test.timer"


class RestoreSettings(Settings):
    """When restores are tested. Times are written as systemd does (systemd.time(7))."""

    test_at: str = Field("*-*-* 05:20:00", description="when the copy offsite is restored, to see that it can be")


class Restore(Component):
    """On the host that keeps the repository."""

    name = "restore"
    roles = ("operations",)

    @classmethod
    def is_chosen(cls, settings: "DeploymentSettings") -> bool:
        return settings.backups.enabled and bool(settings.hosts_of("operations") and settings.hosts_of("offsite"))

    def declared(self, host: HostPlan) -> ServiceState | None:
        """Further hosts of operations have no part in it."""
        return super().declared(host) if host == repository(self.plan.settings) else None

    def service(self, host: HostPlan) -> ServiceState:
        """The program, and what it needs to run PostgreSQL. A database host brings that already."""
        settings = self.plan.settings
        brings = "database" not in host.roles
        return ServiceState(
            packages={"postgresql-15": "", "restic": ""},
            directories={
                FOLDER: Directory(),
                STATE: Directory(mode="0711"),
                REPORTS: Directory(),
                PACKAGE: Directory(),
            },
            files={**files(settings), **(no_cluster() if brings else {})},
            units={TIMER: Unit(restart_on=(unit_file(TIMER),))},
            healthy=Health(command=f"systemctl is-active --quiet {TIMER}", seconds=10),
        )


def unit_file(unit: str) -> str:
    """Where a unit of ours is."""
    return f"/etc/systemd/system/{unit}"


def no_cluster() -> dict[str, File]:
    """Debian makes a server of its own when PostgreSQL is installed, unless it is told not to before."""
    content = render("postgresql/createcluster.conf.j2")
    return {postgresql.CREATE_CLUSTER: File(content=content, early=True)}


def files(settings: "DeploymentSettings") -> dict[str, File]:
    """The program, its settings, and what starts it."""
    config = {
        "stanza": STANZA,
        "database": postgresql.databases(settings)[0].name,
        "repository": pgbackrest.REPOSITORY,
        "facts": pgbackrest_schedule.FACTS,
        "metrics": METRICS,
    }
    names = {"program": PROGRAM, "at": settings.restore.test_at, "test": TEST}
    return {
        PROGRAM: File(content=render("restore/launcher.py"), mode="0755"),
        **{f"{PACKAGE}/{name}.py": File(content=render(f"restore/{name}.py")) for name in MODULES},
        CONFIG: File(content=json.dumps(config, indent=2) + "\n"),
        unit_file(f"{TEST}.service"): File(content=render(f"restore/{TEST}.service.j2", **names)),
        unit_file(TIMER): File(content=render(f"restore/{TIMER}.j2", **names)),
    }
