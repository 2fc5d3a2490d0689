"""Alarms on backups: every figure in them is one that a program writes."""

import re
from pathlib import Path
from typing import Any

import yaml

from components.operations.alarms import RULES
from tests.recording import as_config, run
from tests.topologies import BACKUPS, recorded

TEMPLATES = Path(__file__).parents[3] / "components" / "templates"


def alarms(text: str) -> dict[str, Any]:
    (group,) = yaml.safe_load(text)["groups"]
    return {rule["alert"]: rule for rule in group["rules"]}


def test_only_the_host_that_keeps_the_repository_has_them() -> None:
    found = recorded("backups")
    assert [host for host in ("im1", "im2", "vote1", "far1") if RULES in found.files(host)] == ["vote1"]


def test_every_figure_is_written_by_a_program() -> None:
    written = "".join(path.read_text() for path in TEMPLATES.rglob("*.py"))
    figures = set(re.findall(r"im_\w+_seconds", recorded("backups").files("vote1")[RULES]))
    assert len(figures) == 4
    assert [figure for figure in figures if f'"{figure}"' not in written] == []


def test_files_are_missed_where_their_timer_runs() -> None:
    found = recorded("backups")
    watched = re.findall(r'name="([\w.-]+)"', alarms(found.files("vote1")[RULES])["IMFilesNeverSaved"]["expr"])
    assert [f"/etc/systemd/system/{timer}" in found.files("im1") for timer in watched] == [True]


def test_a_backup_is_missed_after_the_hours_that_are_set() -> None:
    often = run(as_config({**BACKUPS, "im:backups": {"enabled": True, "oldest_backup_hours": 3}}))
    rules = alarms(often.files("vote1")[RULES])
    figure = 'im_postgresql_backup_seconds{kind="any"}'
    assert rules["IMBackupTooOld"]["expr"] == f"time() - max({figure}) > 10800 or absent({figure})"
    assert set(rules) == {
        "IMBackupTooOld",
        "IMFullBackupTooOld",
        "IMLogWaits",
        "IMFilesTooOld",
        "IMFilesNeverSaved",
        "IMBackupFailed",
        "IMCopyTooOld",
        "IMRestoreTestTooOld",
    }
