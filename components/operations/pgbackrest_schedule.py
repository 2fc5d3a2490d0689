"""When backups of PostgreSQL start, and what is told to monitoring of them and of the log on its way."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from components.data_stores.archiving import READER, STANZA
from components.data_stores.databases import PORT, REST_PORT, databases
from components.operations import alarms
from components.operations.backups import METRICS, REPOSITORY, repository
from components.plan import HostPlan
from components.resources import File, Unit
from components.text import render

if TYPE_CHECKING:
    from components.settings import DeploymentSettings

PROGRAM = "/usr/local/lib/im/postgresql-backup"
FACTS = "/usr/local/lib/im/facts.sql"
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


def connection(settings: "DeploymentSettings", tls: Mapping[str, str]) -> str:
    """To the primary, as libpq takes it. `tls` are the files of this host's certificate."""
    words = {
        "host": ",".join(member.name for member in settings.hosts_of("database")),
        "port": str(PORT),
        "dbname": databases(settings)[0].name,
        "user": READER,
        "target_session_attrs": "primary",
        "connect_timeout": "10",
        "sslmode": "verify-full",
        **tls,
    }
    return " ".join(f"{name}={value}" for name, value in words.items())


def files(settings: "DeploymentSettings", host: HostPlan, tls: Mapping[str, str]) -> dict[str, File]:
    """The timers of `host`, and what they start. `tls` are the files of its certificate, as libpq names them."""
    names: dict[str, Any] = {
        "ca": tls["sslrootcert"],
        "connection": connection(settings, tls),
        "data": settings.postgresql.data_directory,
        "members": [f"https://{each.address}:{REST_PORT}" for each in settings.hosts_of("database")],
        "metrics": METRICS,
        "program": PROGRAM,
        "repository": REPOSITORY,
        "stanza": STANZA,
    }
    times = {"full": settings.pgbackrest.full_at, "incr": settings.pgbackrest.incremental_at}

    def unit(name: str, template: str, **more: str) -> dict[str, File]:
        return {unit_file(name): File(content=render(f"pgbackrest/{template}.j2", **names, **more))}

    made = {
        PROGRAM: File(content=render("pgbackrest/postgresql_backup.py"), mode="0755"),
        FACTS: File(content=render("pgbackrest/facts.sql")),
    }
    if host == repository(settings):
        made |= alarms.files(settings) | unit(BACKUP, "im-postgresql-backup.service")
        for kind in KINDS:
            made |= unit(timer(kind), "backup.timer", kind=kind, at=times[kind])
    if "database" in host.roles:
        made |= unit(f"{ARCHIVE}.service", f"{ARCHIVE}.service") | unit(f"{ARCHIVE}.timer", f"{ARCHIVE}.timer")
    return made
