"""The program that restores: on every host with something to restore, beside the restic that fetches for it."""

import json
import shlex
from typing import TYPE_CHECKING

from components.data_stores.archiving import STANZA
from components.data_stores.databases import IM_DATABASE, databases
from components.im.ejabberd import Ejabberd
from components.im.ejabberd_files import UPLOADS
from components.operations import pgbackrest_schedule
from components.operations.backups import METRICS, NEWEST_REPORT, REPORTS, REPOSITORY, RESTORES, away, repository
from components.plan import HostPlan
from components.resources import Directory, File
from components.text import render

if TYPE_CHECKING:
    from components.settings import DeploymentSettings

PROGRAM = "/usr/local/lib/im/postgresql-restore"
PACKAGE = "/usr/local/lib/im/restoring"
BASE = ("commands", "errors")
MODULES = (
    "main",
    "trial",
    "disaster",
    "choice",
    "copies",
    "repository",
    "scratch",
    "instance",
    "im_server",
    "xmpp",
    *BASE,
)
FOLDER, CONFIG = "/etc/im-restore", "/etc/im-restore/restore.json"
DIRECTORIES = {FOLDER: Directory(), PACKAGE: Directory(), RESTORES: Directory(mode="0711")}


def is_possible(settings: "DeploymentSettings") -> bool:
    """Whether there is a copy offsite."""
    return bool(settings.hosts_of("operations") and away(settings))


def has_part(settings: "DeploymentSettings", host: HostPlan) -> bool:
    """Whether `host` has something to restore."""
    concerned = host == repository(settings) or bool(host.roles & {"database", "im"})
    return is_possible(settings) and concerned


def fill(connection: str) -> str:
    """The command that fills a repository which has nothing. `connection` is to the primary, as libpq takes it."""
    return f"{PROGRAM} fill {shlex.quote(connection)}"


def held(settings: "DeploymentSettings", host: HostPlan, copying: str) -> dict[str, list[str]]:
    """The units that stand still during a restore, by the part that they have: hosts stop and start part by part."""
    im = (
        ["ejabberd.service"]
        if Ejabberd.is_chosen(settings)
        else list(settings.package.units if settings.package else ())
    )
    backups = [pgbackrest_schedule.timer(kind) for kind in pgbackrest_schedule.KINDS]
    return {
        "im": im if "im" in host.roles else [],
        "database": ["patroni.service"] if "database" in host.roles else [],
        "backups": [copying, *backups] if host == repository(settings) else [],
    }


def files(settings: "DeploymentSettings", host: HostPlan, copying: str) -> dict[str, File]:
    """The program and its settings. `copying` is the timer that sends the repository offsite."""
    uploads = "im" in host.roles and Ejabberd.is_chosen(settings)
    config = {
        "stanza": STANZA,
        "place": away(settings)[0],
        "domain": settings.domain,
        "database": databases(settings)[0].name,
        "role": IM_DATABASE.user if Ejabberd.is_chosen(settings) else "",
        "repository": REPOSITORY,
        "facts": pgbackrest_schedule.FACTS,
        "metrics": METRICS,
        "reports": REPORTS,
        "newest_report": NEWEST_REPORT,
        "data": settings.postgresql.data_directory,
        "held": held(settings, host, copying),
        "uploads": UPLOADS if uploads else "",
    }
    return {
        PROGRAM: File(content=render("restore/launcher.py"), mode="0755"),
        **{f"{PACKAGE}/{name}.py": File(content=render(f"restore/{name}.py")) for name in MODULES},
        CONFIG: File(content=json.dumps(config, indent=2) + "\n"),
    }
