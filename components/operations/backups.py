"""Backups: whether there are any, and where they lie. Each tool has settings of its own."""

import hmac
from collections.abc import Mapping
from typing import TYPE_CHECKING

import pulumi
from pydantic import Field

from components.model import Settings
from components.plan import HostPlan, Plan, Role

if TYPE_CHECKING:
    from components.settings import DeploymentSettings

METRICS = "/var/lib/prometheus/node-exporter"
"""Where Debian's prometheus-node-exporter looks for figures of others (its `--collector.textfile.directory`)."""
SAVED: tuple[Role, ...] = ("im", "database", "queue", "operations")
"""Hosts of these roles have something to save."""
REPOSITORY = "/var/lib/pgbackrest/im"
"""pgBackRest's. Above it a disk of its own can be mounted: a restore renames this folder."""
RESTORES = "/var/lib/im-restore"
REPORTS = f"{RESTORES}/reports"
"""Of restore tests, on the host that keeps the repository: a file for each."""
NEWEST_REPORT = f"{RESTORES}/newest.json"
"""Of the newest test of the newest backup, good or not; the gate reads it."""
STATES = "/var/lib/im-state"
"""Pulumi's states, where `scripts/state` puts them: on the host that keeps the repository."""
STATE_SET = "state"
TRUST = "ca-certificates"
"""The package without which a host knows no authority of the world: no object store, no storage of a site's Bacula."""
PASSWORD = "backups_password"  # noqa: S105 - the name of a secret
"""The one secret that opens every copy. All keys are made of it, so that it alone has to be kept in a safe."""
BUCKET_KEY = "bucket_secret_key"
"""The secret of an object store. The store makes it, so it has the characters that it has."""


class BackupsSettings(Settings):
    """One word for all of it, and a place for copies that is no host of the deployment."""

    enabled: bool = Field(
        False,
        description="true: copies go to the first host of operations and to one that is offsite; turning it on restarts"
        " PostgreSQL once",
    )
    bucket_url: str | None = Field(
        None,
        pattern=r"^s3:https://[^/\s]+(/[^/\s]+)+$",
        description="a place for copies in an object store: s3:https://HOST/BUCKET/FOLDER",
    )
    bucket_access_key: str = Field(
        "", pattern=r"^\S*$", description="who writes there; its secret is im:bucket_secret_key"
    )
    oldest_backup_hours: int = Field(7, ge=1, description="an alarm: no backup of PostgreSQL is younger than this")
    oldest_full_backup_hours: int = Field(169, ge=1, description="an alarm: no full one is younger than this")
    oldest_files_hours: int = Field(2, ge=1, description="an alarm: files of a host were last saved so long ago")
    oldest_restore_test_hours: int = Field(25, ge=1, description="an alarm: no good restore test is younger than this")


def repository(settings: "DeploymentSettings") -> HostPlan:
    """The host that keeps PostgreSQL's copies and starts its backups. Rules see to it that there is one."""
    return settings.hosts_of("operations")[0]


def away(settings: "DeploymentSettings") -> list[str]:
    """The names of the places elsewhere; from the first of them is restored."""
    bucket = ["bucket"] if settings.backups.bucket_url else []
    return [*(["offsite"] if settings.hosts_of("offsite") else []), *bucket]


def places(settings: "DeploymentSettings") -> Mapping[str, HostPlan]:
    """The hosts to which copies of files go."""
    found = {"operations": repository(settings)}
    if offsite := settings.hosts_of("offsite"):
        found["offsite"] = offsite[0]
    return found


def in_bucket(url: str, host: str) -> str:
    """The repository of `host` in the bucket with this URL, as restic names it."""
    return f"{url}/{host}"


def derived(password: str, purpose: str) -> str:
    """A password of its own for each purpose: who has one learns nothing of the others (HMAC, RFC 2104)."""
    return hmac.digest(password.encode(), purpose.encode(), "sha256").hex()


def restic_purpose(host: str) -> str:
    """Of what opens the copies of the files of `host`."""
    return f"restic/{host}"


def key(plan: Plan, purpose: str) -> pulumi.Output[str]:
    """`derived` from the deployment's password."""
    return plan.passwords.password(PASSWORD).apply(lambda password: derived(password, purpose))


def restic_key(plan: Plan, host: HostPlan) -> pulumi.Output[str]:
    """What opens the copies of the files of `host`."""
    return key(plan, restic_purpose(host.name))
