"""Alarms on the figures of backups: rules for a Prometheus that reads the node exporters of all hosts.

Timers write the figures; `systemctl` tells of runs that failed (node exporter's `--collector.systemd`).
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import yaml

from components.operations.backups import away
from components.resources import File

if TYPE_CHECKING:
    from components.settings import DeploymentSettings

HEADER = "# managed by Pulumi; edit components/operations/alarms.py\n"
RULES = "/usr/local/share/im/backups.rules.yml"
WAITING_SECONDS = 60
"""So long the log may wait on the primary."""
COPY_SECONDS = 300
"""So old the copy of the repository may be that is made every `offsite_seconds`."""
HOUR = 3600
NEVER_SAVED = (
    'node_systemd_unit_state{name="im-restic-files.timer", state="active"} == 1'
    ' unless on (instance) im_restic_seconds{set="files"}'
)
FAILED = 'node_systemd_unit_state{state="failed", name=~"im-(postgresql-backup|restic|restore-test).*"} == 1'


def files(settings: "DeploymentSettings") -> dict[str, File]:
    """For the host that keeps the repository; from there it is copied to a site's Prometheus."""
    groups = {"groups": [{"name": "im backups", "rules": list(rules(settings))}]}
    return {RULES: File(content=HEADER + yaml.safe_dump(groups, sort_keys=False, width=1000))}


def rules(settings: "DeploymentSettings") -> Iterator[dict[str, Any]]:
    """One for each thing that can be too old."""
    own = settings.backups
    backups = (
        ("IMBackupTooOld", "any", own.oldest_backup_hours),
        ("IMFullBackupTooOld", "full", own.oldest_full_backup_hours),
    )
    for name, kind, hours in backups:
        figure = f'im_postgresql_backup_seconds{{kind="{kind}"}}'
        yield rule(name, newest(figure, hours), "the newest good backup of PostgreSQL is too old")
    waiting = f"im_postgresql_archive_waiting_seconds > {WAITING_SECONDS}"
    yield rule("IMLogWaits", waiting, "PostgreSQL's log does not leave {{ $labels.instance }}", minutes=5)
    saved = f'time() - im_restic_seconds{{set="files"}} > {own.oldest_files_hours * HOUR}'
    yield rule("IMFilesTooOld", saved, "files of {{ $labels.instance }} are not saved to {{ $labels.place }}")
    never = "files of {{ $labels.instance }} were never saved"
    yield rule("IMFilesNeverSaved", NEVER_SAVED, never, minutes=60 * own.oldest_files_hours)
    yield rule("IMBackupFailed", FAILED, "{{ $labels.name }} failed on {{ $labels.instance }}")
    if away(settings):
        copied = f'time() - im_restic_seconds{{set="postgresql"}} > {COPY_SECONDS}'
        yield rule("IMCopyTooOld", copied, "PostgreSQL's backups and log are not copied to {{ $labels.place }}")
        tested = newest("im_restore_test_seconds", own.oldest_restore_test_hours)
        yield rule("IMRestoreTestTooOld", tested, "the newest good restore test is too old")


def newest(figure: str, hours: int) -> str:
    """Older than `hours`, or not there at all."""
    return f"time() - max({figure}) > {hours * HOUR} or absent({figure})"


def rule(name: str, condition: str, summary: str, minutes: int = 0) -> dict[str, Any]:
    """One alarm, which has to hold for some minutes."""
    return {"alert": name, "expr": condition, "for": f"{minutes}m", "annotations": {"summary": summary}}
