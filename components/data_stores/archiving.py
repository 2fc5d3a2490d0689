"""Continuous archiving: what PostgreSQL is told so that each piece of its log reaches the backup repository."""

from typing import TYPE_CHECKING, Any

from components.operations.backups import repository
from components.plan import HostPlan

if TYPE_CHECKING:
    from components.settings import DeploymentSettings

STANZA = "im"
"""pgBackRest's word for one cluster."""
COMMAND = f"pgbackrest --stanza={STANZA} archive-push %p"
READER = "backup_reader"
"""Who counts what a backup has; logs in from the repository's host, with that host's certificate."""
OWNED = frozenset({"archive_mode", "archive_command", "archive_library", "archive_timeout"})
"""Parameters that are then set here and nowhere else."""


def keepers(settings: "DeploymentSettings") -> tuple[HostPlan, ...]:
    """The host that keeps the repository and starts backups; none without backups."""
    return (repository(settings),) if settings.backups.enabled else ()


def parameters(settings: "DeploymentSettings") -> dict[str, Any]:
    """Shared by all members; empty without backups. A change of `archive_mode` needs a restart of each."""
    if not settings.backups.enabled:
        return {}
    return {
        "archive_mode": "on",
        "archive_command": COMMAND,
        "archive_timeout": f"{settings.pgbackrest.archive_seconds}s",
    }
