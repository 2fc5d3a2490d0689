"""The command, with an `ssh` that runs what it is given here."""

import json
from pathlib import Path
from typing import Any

import pytest

from commands.restore.moments import moment
from commands.restore_test.__main__ import main

GOOD: dict[str, Any] = {
    "begun": "2026-11-26T03:16:17Z",
    "to": "newest",
    "good": True,
    "copy": {"id": "c0", "time": "2026-11-26T03:16:05Z"},
    "backup": "20261126-031108F",
    "tables": {"public.archive": {"recorded": {"rows": 5, "newest": 5}, "restored": {"rows": 5, "newest": 5}}},
    "recovered_to": "2026-11-26T03:15:49Z",
    "rpo_seconds": 28.4,
    "rto_seconds": 11.3,
    "amcheck": "passed",
    "message": "read back",
    "seconds": 17.8,
}
BAD = {"begun": "2026-11-26T03:20:00Z", "to": "newest", "good": False, "problem": "there is nothing", "seconds": 0.1}
SAVED = {
    "endpoints": {"domain": "chat.test", "addresses": ["10.0.0.1"], "ports": {}},
    "ca": "PEM",
    "accounts": {"host": "im1", "address": "10.0.0.2"},
}


class Site:
    """A stack, and the host of operations: a folder of reports and a `systemctl` that adds one."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.folder, self.reports = folder, folder / "on-host"
        self.reports.mkdir()
        (self.reports / "2026-11-25.json").write_text("{}")
        patch.setenv("PATH", f"{folder}:/usr/bin:/bin")
        patch.setattr("commands.restore_test.run.REPORTS", str(self.reports))
        self.program("ssh", 'for last; do :; done; exec sh -c "$last"')

    def program(self, name: str, text: str) -> None:
        (self.folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (self.folder / name).chmod(0o755)

    def leaves(self, report: dict[str, Any]) -> None:
        (self.folder / "next").write_text(json.dumps(report))
        self.program(
            "systemctl", f'echo "$@" >>{self.folder}/asked; cp {self.folder}/next {self.reports}/2026-11-26.json'
        )

    def run(self, *words: str, operations: bool = True) -> int:
        outputs = {**SAVED, **({"operations": {"host": "op1", "address": "10.0.0.3"}} if operations else {})}
        saved = self.folder / "one.json"
        saved.write_text(json.dumps({"version": 1, "resources": {}, "outputs": outputs}))
        saved.chmod(0o600)
        return main(["one", "--saved", str(self.folder), "--reports", str(self.folder / "kept"), *words])


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    return Site(tmp_path, monkeypatch)


def test_a_good_test_is_told_and_kept(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.leaves(GOOD)
    assert site.run() == 0
    kept = site.folder / "kept" / "one" / "2026-11-26T03-16-17Z.json"
    assert capsys.readouterr().out.splitlines() == [
        "copy offsite of 2026-11-26T03:16:05Z",
        "backup 20261126-031108F",
        "1 tables with 5 rows, as recorded",
        "recovered to 2026-11-26T03:15:49Z: RPO 28.4 s, RTO 11.3 s",
        "pg_amcheck: passed",
        "the newest message: read back",
        "good, 17.8 s in all",
        f"report: {kept}",
    ]
    assert json.loads(kept.read_text()) == GOOD
    assert (site.folder / "asked").read_text() == "start im-restore-test@newest.service\n"


def test_a_bad_test_says_why(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.leaves(BAD)
    assert site.run("--to", "2026-11-26T04:00:00+01:00") == 1
    assert capsys.readouterr().err == "restore-test: there is nothing\n"
    unit = "im-restore-test@2026-11-26T03:00:00Z.service"
    assert (site.folder / "asked").read_text() == f"start {unit}\nreset-failed {unit}\n"


def test_an_older_copy_is_named_to_the_unit(site: Site) -> None:
    site.leaves(GOOD)
    assert site.run("--copy", "2026-11-26T03:00:00Z") == 0
    assert (site.folder / "asked").read_text().startswith("start im-restore-test@newest_2026-11-26T03:00:00Z.service\n")


def test_a_test_without_a_report_says_what_the_journal_says(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.program("systemctl", "exit 1")
    site.program("journalctl", "echo another restore is at work on this host")
    assert site.run() == 1
    assert capsys.readouterr().err == "restore-test: op1: another restore is at work on this host\n"


def test_a_stack_without_a_copy_offsite_is_said(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    assert site.run(operations=False) == 1
    assert capsys.readouterr().err == "restore-test: one: nothing is saved offsite; see docs/backups.md\n"


@pytest.mark.parametrize("text", ["yesterday", "2026-11-26T03:00:00"])
def test_a_time_without_a_zone_is_refused(text: str) -> None:
    with pytest.raises(Exception, match="write it as in 2026-11-26T03:30:00Z"):
        moment(text)
