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
PASSWORD = "backups_password"  # noqa: S105 - the name of a secret
"""The one secret that opens every copy. All keys are made of it, so that it alone has to be kept in a safe."""


class BackupsSettings(Settings):
    """One word for all of it."""

    enabled: bool = Field(
        False,
        description="true: copies go to the first host of operations and to one that is offsite; turning it on restarts"
        " PostgreSQL once",
    )


def repository(settings: "DeploymentSettings") -> HostPlan:
    """The host that keeps PostgreSQL's copies and starts its backups. Rules see to it that there is one."""
    return settings.hosts_of("operations")[0]


def places(settings: "DeploymentSettings") -> Mapping[str, HostPlan]:
    """Where copies of files go."""
    found = {"operations": repository(settings)}
    if offsite := settings.hosts_of("offsite"):
        found["offsite"] = offsite[0]
    return found


def key(plan: Plan, purpose: str) -> pulumi.Output[str]:
    """A password of its own for each purpose: who has one learns nothing of the others (HMAC, RFC 2104)."""
    return plan.passwords.password(PASSWORD).apply(
        lambda password: hmac.digest(password.encode(), purpose.encode(), "sha256").hex()
    )


def restic_key(plan: Plan, host: HostPlan) -> pulumi.Output[str]:
    """What opens the copies of the files of `host`."""
    return key(plan, f"restic/{host.name}")
