"""Tests of restores: what they take, what they compare, and how they say that something is missing."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from components.data_stores.postgresql_files import CREATE_CLUSTER
from components.operations.restore import TEST, TIMER, unit_file
from components.operations.restore_program import CONFIG, PACKAGE
from components.templates.restore import choice, copies, instance, repository, scratch, trial
from components.templates.restore.commands import Done
from components.templates.restore.errors import RestoreError
from tests.recording import as_config, run
from tests.topologies import BACKUPS, recorded

TABLES = {"public.archive": {"rows": 7, "newest": 9}, "public.users": {"rows": 2, "newest": None}}


def test_restores_are_tested_where_the_repository_is() -> None:
    assert [name for name in recorded("backups").services if name.endswith("/restore")] == ["vote1/restore"]
    assert "\nOnCalendar=*-*-* 05:20:00\n" in recorded("backups").files("vote1")[unit_file(TIMER)]
    assert f"\nUnit={TEST}newest.service\n" in recorded("backups").files("vote1")[unit_file(TIMER)]
    assert json.loads(recorded("backups").files("vote1")[CONFIG])["database"] == "im"


def test_nothing_is_tested_without_a_copy_offsite() -> None:
    roles = {name: hosts for name, hosts in BACKUPS["im:roles"].items() if name != "offsite"}
    hosts = {name: host for name, host in BACKUPS["onprem:hosts"].items() if name != "far1"}
    program = run(as_config({**BACKUPS, "im:roles": roles, "onprem:hosts": hosts}))
    assert not [name for name in program.services if name.endswith("/restore")]


def test_debian_makes_no_server_of_its_own_for_it() -> None:
    assert recorded("backups").services["vote1/restore"].inputs["files"][CREATE_CLUSTER]["early"]


def test_an_im_server_is_there_for_it_and_does_not_run() -> None:
    inputs = recorded("backups").services["vote1/restore"].inputs
    assert {"ejabberd", "erlang-p1-pgsql"} <= set(inputs["packages"])
    assert not inputs["units"]["ejabberd.service"]["running"]
    assert not inputs["units"]["ejabberd.service"]["enabled"]


def test_a_host_that_has_an_im_server_and_a_database_needs_no_others() -> None:
    roles = {**BACKUPS["im:roles"], "operations": ["im1"]}
    inputs = run(as_config({**BACKUPS, "im:roles": roles})).services["im1/restore"].inputs
    assert not inputs.get("packages")
    assert set(inputs["units"]) == {TIMER}


def test_all_of_the_program_reaches_the_host() -> None:
    folder = Path(str(repository.__file__)).parent
    modules = {f"{PACKAGE}/{file.name}" for file in folder.glob("*.py") if file.name != "launcher.py"}
    assert modules <= set(recorded("backups").files("vote1"))


def backup(label: str, at: str, *, error: bool = False) -> dict[str, Any]:
    facts = json.dumps({"at": at, "lsn": "0/1", "tables": TABLES})
    return {"label": label, "error": error, "annotation": {"facts": facts}, "info": {"size": 1}}


BACKUPS_FOUND = [
    backup("first", "2026-11-26T01:00:00.5Z"),
    backup("second", "2026-11-26T02:00:00Z"),
    backup("bad", "2026-11-26T03:00:00Z", error=True),
    {"label": "uncounted", "error": False, "info": {"size": 1}},
]


@pytest.mark.parametrize(
    ("to", "label"), [(None, "second"), ("2026-11-26T01:59:59Z", "first"), ("2026-11-26T02:00:00Z", "second")]
)
def test_the_newest_backup_that_was_counted_by_then_is_taken(to: str | None, label: str) -> None:
    assert repository.newest(BACKUPS_FOUND, copies.when(to) if to else None)["label"] == label


def test_a_moment_before_all_backups_is_said() -> None:
    with pytest.raises(RestoreError) as refused:
        repository.newest(BACKUPS_FOUND, datetime(2026, 11, 26, tzinfo=UTC))
    assert str(refused.value) == (
        "there is no backup with a record of what it has that was made before 2026-11-26T00:00:00+00:00"
    )


@pytest.mark.parametrize(
    "told",
    ["", '[{"backup":[],"status":{"code":99,"message":"other"}}]', "[]"],
    ids=["no JSON", "code 99", "no stanza"],
)
def test_a_repository_with_another_key_is_said(monkeypatch: pytest.MonkeyPatch, told: str) -> None:
    monkeypatch.setattr(repository, "as_postgres", lambda command: Done([], 0, told, ""))
    with pytest.raises(RestoreError) as refused:
        repository.chosen("im", None)
    assert str(refused.value) == "pgBackRest cannot read the copy's repository: it has another key, or is damaged"


def test_what_was_written_since_is_no_difference() -> None:
    more = {"public.archive": {"rows": 8, "newest": 10}, "public.users": {"rows": 2, "newest": None}, "public.new": {}}
    assert list(trial.missing(TABLES, more)) == []


def test_less_than_was_recorded_is_named() -> None:
    assert list(trial.missing(TABLES, {"public.archive": {"rows": 7, "newest": 8}})) == [
        "public.archive: newest 8, recorded 9",
        "public.users is not there",
    ]


def test_a_log_that_ends_early_is_said() -> None:
    trial.unbroken("00000002000000000000001D", "00000001000000000000001D")
    with pytest.raises(RestoreError) as refused:
        trial.unbroken("000000020000000000000017", "00000001000000000000001D")
    assert str(refused.value) == (
        "the log is broken: it can be followed to 000000020000000000000017, and the copy has 00000001000000000000001D"
    )


@pytest.mark.parametrize(
    ("log", "cause"),
    [
        (
            "FATAL:  recovery ended before configured recovery target was reached\n",
            "the log in the copy ends before the moment that was asked for: pieces of it are missing",
        ),
        ("LOG: x\nFATAL:  no room\nLOG: shut down\n", "the scratch PostgreSQL ended: FATAL:  no room"),
        ("", "the scratch PostgreSQL ended: it says nothing"),
    ],
)
def test_why_an_instance_ended(log: str, cause: str) -> None:
    assert instance.cause(log) == cause


def test_the_instance_allows_what_the_primary_allowed() -> None:
    told = "max_connections setting:              300\nmax_prepared_xacts setting:           2\n"
    assert instance.limits(told) == {"max_connections": "300", "max_prepared_transactions": "2"}


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    (tmp_path / "restic.json").write_text('{"places": {"offsite": "rest:https://far1:8434/op1/"}}')
    monkeypatch.setattr(copies, "RESTIC", tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("Fatal: wrong password or no key found", "the key of this host does not open it"),
        ("Fatal: unable to open config file: <config/> does not exist", "there is nothing"),
        ("ciphertext verification failed\nFatal: 2 errors", "the copy is damaged: Fatal: 2 errors"),
        (
            "Fatal: unable to open config file: Stat: The request signature we calculated does not match",
            "Fatal: unable to open config file: Stat: The request signature we calculated does not match",
        ),
        ("Fatal: connection refused\nIs there a repository?", "Fatal: connection refused"),
    ],
)
def test_what_is_wrong_with_a_copy_is_a_sentence(
    place: Path, monkeypatch: pytest.MonkeyPatch, said: str, sentence: str
) -> None:
    monkeypatch.setattr(copies, "run", lambda command: Done([], 1, "", said))
    with pytest.raises(RestoreError) as refused:
        copies.found("offsite")
    assert str(refused.value) == f"rest:https://far1:8434/op1/: {sentence}"


def test_the_newest_copy_is_taken(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = [{"id": "b", "time": "2026-11-26T02:00:00.123456789Z"}, {"id": "a", "time": "2026-11-26T01:00:00Z"}]
    monkeypatch.setattr(copies, "run", lambda command: Done([], 0, json.dumps(found), ""))
    assert choice.choose("offsite")["id"] == "b"


def test_no_disk_is_filled(tmp_path: Path) -> None:
    with pytest.raises(RestoreError, match="the copy needs 1209462790554 MB, and"):
        copies.room(tmp_path, 2.0**60, "the copy")


@pytest.fixture
def reports(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(scratch, "make", lambda: None)
    monkeypatch.setattr(scratch, "remove", lambda: (tmp_path / "removed").touch())
    monkeypatch.setattr(choice, "choose", lambda place, to, named: {"id": "c0", "time": named})
    return tmp_path


def settings(reports: Path) -> dict[str, str]:
    """Where a test writes."""
    newest = reports / "newest.json"
    kept = {"reports": str(reports), "newest_report": str(newest)}
    return {"place": "offsite", "metrics": str(reports / "metrics"), **kept}


def good(_: Any, report: dict[str, Any], *more: Any) -> None:
    report.update(rpo_seconds=1.5, rto_seconds=20)


def report(reports: Path) -> dict[str, Any]:
    (file,) = reports.glob("20*.json")
    return dict(json.loads(file.read_text()))


@pytest.mark.parametrize("error", [RestoreError("there is nothing"), OSError("no such file")])
def test_a_failed_test_is_reported_and_cleaned_away(
    reports: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fails(*_: Any) -> None:
        raise error

    monkeypatch.setattr(trial, "restored", fails)
    with pytest.raises(type(error)):
        trial.run(settings(reports))
    assert not report(reports)["good"]
    assert report(reports)["problem"] == ("there is nothing" if isinstance(error, RestoreError) else "it was cut off")
    assert (reports / "removed").exists()
    assert not (reports / "metrics").exists()
    assert json.loads((reports / "newest.json").read_text()) == report(reports)


def test_a_good_test_is_what_the_gate_and_monitoring_see(reports: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "restored", good)
    trial.run(settings(reports))
    assert json.loads((reports / "newest.json").read_text()) == report(reports)
    begun = copies.when(report(reports)["begun"]).timestamp()
    assert (reports / "metrics" / "im-restore-test.prom").read_text() == (
        f"im_restore_test_seconds {begun:.0f}\nim_restore_test_rpo_seconds 1.5\nim_restore_test_rto_seconds 20\n"
    )


@pytest.mark.parametrize("words", ["2026-11-26T03:30:00Z", "newest_2026-11-26T03:30:00Z"], ids=["moment", "copy"])
def test_a_moment_or_a_copy_of_before_says_nothing_of_the_newest_backup(
    reports: Path, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    monkeypatch.setattr(trial, "restored", good)
    trial.run(settings(reports), words)
    assert report(reports)["good"]
    assert not (reports / "newest.json").exists()
    assert not (reports / "metrics").exists()
