"""restic: copies of files, encrypted where they are read, to the host of operations and offsite.

Each host has repositories of its own, with a password of its own. The repository of PostgreSQL's backups goes offsite
as files, too, all the time: what it has is encrypted already, and its pieces never change.
"""

import json
from typing import TYPE_CHECKING, Any

import pulumi
from pydantic import Field

from components.component import Component
from components.data_stores import etcd
from components.data_stores.archiving import STANZA
from components.im.ejabberd import Ejabberd
from components.im.ejabberd_files import UPLOADS
from components.model import Settings
from components.operations import pgbackrest_schedule, restic_server, restore_program
from components.operations.backups import (
    BUCKET_KEY,
    REPOSITORY,
    SAVED,
    STATE_SET,
    STATES,
    TRUST,
    away,
    in_bucket,
    places,
    repository,
    restic_key,
)
from components.plan import HostPlan
from components.resources import Directory, File, Health, ServiceState, Unit
from components.text import render

if TYPE_CHECKING:
    from components.settings import DeploymentSettings

FOLDER = "/etc/im-restic"
CONFIG, PASSWORD = f"{FOLDER}/restic.json", f"{FOLDER}/password"
CA, CLIENT = f"{FOLDER}/ca.pem", f"{FOLDER}/client.pem"
BUCKET = f"{FOLDER}/s3"
"""Credentials, in the form of AWS's tools."""
DUMPS = "/var/lib/im-restic"
SAVE = "/usr/local/lib/im/restic-save"
SERVICE = "/etc/systemd/system/im-restic@.service"
MANIFESTS = "/var/lib/onprem"
UNFINISHED = "*.pgbackrest.tmp"
"""Names of what pgBackRest is still writing."""


class ResticSettings(Settings):
    """When. Times are written as systemd does (systemd.time(7))."""

    files_at: str = Field("*-*-* *:25:00", description="when files are saved; each host some minutes later than that")
    stagger_minutes: int = Field(10, ge=0, le=600, description="at most so many, and always as many")
    offsite_seconds: int = Field(
        20, ge=5, le=3_600, description="the pause between copies of PostgreSQL's backups and log to offsite"
    )


class Restic(Component):
    """On each host that has something to save."""

    name = "restic"
    roles = SAVED

    @classmethod
    def is_chosen(cls, settings: "DeploymentSettings") -> bool:
        return settings.backups.enabled

    def service(self, host: HostPlan) -> ServiceState:
        """Timers, and what they start. The first run makes the repositories, so that a place may be down meanwhile."""
        leaf, settings = self.plan.certificates.leaf(host, self.name), self.plan.settings
        sets, restores = sets_of(settings, host), restore_program.has_part(settings, host)
        return ServiceState(
            packages={"restic": "", **({TRUST: ""} if settings.backups.bucket_url else {})},
            directories={
                FOLDER: Directory(mode="0700"),
                DUMPS: Directory(mode="0700"),
                **({STATES: Directory(mode="0700")} if STATE_SET in sets else {}),
                **(restore_program.DIRECTORIES if restores else {}),
            },
            files={
                **files(settings, host, sets),
                **(restore_program.files(settings, host, timer("postgresql")) if restores else {}),
            },
            values={"ca": self.plan.certificates.ca, "certificate": leaf.certificate},
            secrets={"key": leaf.key, "password": restic_key(self.plan, host), **bucket_key(settings)},
            units={timer(name): Unit(restart_on=(timer_file(name),)) for name in sets},
            healthy=Health(command=f"systemctl is-active --quiet {' '.join(timer(name) for name in sets)}", seconds=10),
        )


def bucket_key(settings: "DeploymentSettings") -> dict[str, pulumi.Output[str]]:
    """Where there is a bucket."""
    return {"bucket": pulumi.Config("im").require_secret(BUCKET_KEY)} if settings.backups.bucket_url else {}


def timer(name: str) -> str:
    """The unit that starts the saving of a set."""
    return f"im-restic-{name}.timer"


def timer_file(name: str) -> str:
    """Where it is."""
    return f"/etc/systemd/system/{timer(name)}"


def sets_of(settings: "DeploymentSettings", host: HostPlan) -> dict[str, dict[str, Any]]:
    """What is saved together: paths, commands that write what has no file, one that tells of a copy, and the places."""
    found: dict[str, dict[str, Any]] = {
        "files": {
            "paths": paths(settings, host),
            "without": [],
            "dumps": dumps(host),
            "about": "",
            "places": list(urls(settings, host)),
        }
    }
    if host == repository(settings):
        found[STATE_SET] = {
            "paths": [STATES],
            "without": [],
            "dumps": {},
            "about": f"find {STATES} -name '*.json' -printf 'saved=%Ts\n'",
            "places": list(urls(settings, host)),
        }
    if host == repository(settings) and away(settings):
        found["postgresql"] = {
            "paths": [REPOSITORY],
            "without": [UNFINISHED],
            "dumps": {},
            "about": f"[ ! -e {pgbackrest_schedule.PROGRAM} ] || {pgbackrest_schedule.PROGRAM} about {STANZA}",
            "places": away(settings),
        }
    return found


def urls(settings: "DeploymentSettings", host: HostPlan) -> dict[str, str]:
    """The repositories of `host`, by place, as restic names them."""
    found = {
        name: f"rest:https://{place.name}:{restic_server.PORT}/{host.name}/" for name, place in places(settings).items()
    }
    bucket = settings.backups.bucket_url
    return {**found, **({"bucket": in_bucket(bucket, host.name)} if bucket else {})}


def paths(settings: "DeploymentSettings", host: HostPlan) -> list[str]:
    """Files that are nowhere else: what was declared, the IM server's configuration and uploads."""
    of_ejabberd = ["/etc/ejabberd", UPLOADS] if Ejabberd.is_chosen(settings) else []
    of_package = ["/etc/im"] if not of_ejabberd else []
    return [MANIFESTS, *([*of_ejabberd, *of_package] if "im" in host.roles else [])]


def dumps(host: HostPlan) -> dict[str, str]:
    """By file name, the command that writes it."""
    made = {}
    if "queue" in host.roles:
        made["rabbitmq.json"] = "rabbitmqctl --quiet export_definitions - >{}"
    if "database" in host.roles:
        tls = f"--cacert={etcd.CA} --cert={etcd.CERTIFICATE} --key={etcd.KEY}"
        endpoint = etcd.client_urls((host,))[0]
        made["etcd.db"] = f"ETCDCTL_API=3 etcdctl --endpoints={endpoint} {tls} snapshot save {{}}"
    return made


def files(settings: "DeploymentSettings", host: HostPlan, sets: dict[str, dict[str, Any]]) -> dict[str, File]:
    """What restic and the timers read."""
    text = {"places": urls(settings, host), "sets": sets}
    own, user = settings.restic, settings.backups.bucket_access_key
    return {
        CONFIG: File(content=json.dumps(text, indent=2) + "\n"),
        PASSWORD: File(content="${secret:password}\n", mode="0600"),
        CA: File(content="${value:ca}\n"),
        CLIENT: File(content="${value:certificate}\n${secret:key}\n", mode="0600"),
        **(
            {BUCKET: File(content=render("restic/s3.j2", user=user), mode="0600")}
            if settings.backups.bucket_url
            else {}
        ),
        SAVE: File(content=render("restic/restic_save.py"), mode="0755"),
        SERVICE: File(content=render("restic/im-restic.service.j2", save=SAVE)),
        **{timer_file(name): File(content=render("restic/im-restic.timer.j2", name=name, own=own)) for name in sets},
    }
