"""When backups of PostgreSQL start, and what is told to monitoring of them and of the log on its way."""

from typing import TYPE_CHECKING, Any

from components.data_stores import postgresql
from components.data_stores.archiving import STANZA
from components.operations.backups import METRICS, repository
from components.plan import HostPlan
from components.resources import File, Unit
from components.text import render

if TYPE_CHECKING:
    from components.settings import DeploymentSettings

PROGRAM = "/usr/local/lib/im/postgresql-backup"
BACKUP = "im-postgresql-backup@.service"
ARCHIVE = "im-postgresql-archive"
KINDS = ("full", "incr")
"""pgBackRest's names."""


def timer(kind: str) -> str:
    """The unit that starts backups of a kind."""
    return f"im-postgresql-backup-{kind}.timer"


def unit_file(unit: str) -> str:
    """Where a unit of ours is."""
    return f"/etc/systemd/system/{unit}"


def timers(settings: "DeploymentSettings", host: HostPlan) -> dict[str, Unit]:
    """Backups start on the repository's host; members watch their log."""
    started = [timer(kind) for kind in KINDS] if host == repository(settings) else []
    watching = [f"{ARCHIVE}.timer"] if "database" in host.roles else []
    return {name: Unit(restart_on=(unit_file(name),)) for name in (*started, *watching)}


def files(settings: "DeploymentSettings", host: HostPlan, ca: str) -> dict[str, File]:
    """The timers of `host`, and what they start. `ca` is whom to trust when Patroni is asked."""
    names: dict[str, Any] = {
        "ca": ca,
        "data": settings.postgresql.data_directory,
        "members": [f"https://{each.address}:{postgresql.REST_PORT}" for each in settings.hosts_of("database")],
        "metrics": METRICS,
        "program": PROGRAM,
        "stanza": STANZA,
    }
    times = {"full": settings.pgbackrest.full_at, "incr": settings.pgbackrest.incremental_at}

    def unit(name: str, template: str, **more: str) -> dict[str, File]:
        return {unit_file(name): File(content=render(f"pgbackrest/{template}.j2", **names, **more))}

    made = {PROGRAM: File(content=render("pgbackrest/postgresql_backup.py"), mode="0755")}
    if host == repository(settings):
        made |= unit(BACKUP, "im-postgresql-backup.service")
        for kind in KINDS:
            made |= unit(timer(kind), "backup.timer", kind=kind, at=times[kind])
    if "database" in host.roles:
        made |= unit(f"{ARCHIVE}.service", f"{ARCHIVE}.service") | unit(f"{ARCHIVE}.timer", f"{ARCHIVE}.timer")
    return made
