"""The steps of a restore after a disaster, on one host."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from components.operations.restore_program import CONFIG
from components.templates.restore import copies, disaster, scratch
from components.templates.restore.commands import Done
from components.templates.restore.errors import RestoreError
from tests.topologies import recorded


def held(host: str) -> dict[str, list[str]]:
    return dict(json.loads(recorded("backups").files(host)[CONFIG])["held"])


def test_what_stands_still_is_known_part_by_part() -> None:
    assert held("im1") == {"im": ["ejabberd.service"], "database": ["patroni.service"], "backups": []}
    assert held("vote1") == {
        "im": [],
        "database": [],
        "backups": [
            "im-restic-postgresql.timer",
            "im-postgresql-backup-full.timer",
            "im-postgresql-backup-incr.timer",
        ],
    }


@pytest.mark.parametrize(
    ("counted", "rows"),
    [
        (Done([], 0, '{"tables": {"a": {"rows": 2}, "b": {"rows": 3}}}', ""), 5),
        (Done([], 0, '{"tables": null}', ""), 0),
        (Done([], 2, "", "no server"), None),
    ],
    ids=["rows", "no tables", "no server"],
)
def test_a_cluster_tells_when_it_was_founded_and_what_it_has(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], counted: Done, rows: int | None
) -> None:
    number = 1795662674 << 32 | 12345
    monkeypatch.setattr(disaster, "controldata", lambda data: f"Database system identifier:  {number}\n")
    monkeypatch.setattr(disaster, "as_postgres", lambda command: counted)
    disaster.state({"data": "/data", "database": "im", "facts": "facts.sql"})
    told = {"cluster": str(number), "founded": 1795662674, "rows": rows, "begun": False, "restored": False}
    assert json.loads(capsys.readouterr().out) == told


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    units: list[str] = []

    def run(command: list[str]) -> Done:
        units.append(command[-1])
        return Done([], int(command[-1] == "broken.service"), "", "no")

    monkeypatch.setattr(disaster, "run", run)
    return units


def test_what_was_held_goes_on_the_other_way_round(started: list[str]) -> None:
    disaster.release({"held": {"im": ["a.service"], "database": ["b.timer", "patroni.service"]}}, "database")
    assert started == ["patroni.service", "healthy", "b.timer"]


def test_a_unit_that_does_not_start_is_said(started: list[str]) -> None:
    with pytest.raises(RestoreError, match=r"broken\.service does not start: no"):
        disaster.release({"held": {"im": ["broken.service"]}}, "im")


def test_a_writer_that_does_not_stop_is_said(started: list[str]) -> None:
    with pytest.raises(RestoreError, match=r"broken\.service does not stop: no"):
        disaster.hold({"held": {"im": ["chat.service", "broken.service", "web.service"]}}, "im")
    assert started == ["chat.service", "broken.service"]


def test_what_a_timer_has_just_started_stops_too(started: list[str]) -> None:
    disaster.hold({"held": {"backups": ["copy.timer"]}}, "backups")
    assert started == ["copy.timer", "im-postgresql-backup@*.service", "im-restic@*.service"]


def test_what_is_replaced_stays_beside_it(tmp_path: Path) -> None:
    (tmp_path / "im").mkdir()
    (tmp_path / "im" / "PG_VERSION").write_text("15")
    disaster.aside(tmp_path / "im")
    (kept,) = tmp_path.iterdir()
    assert kept.name.startswith("im.before-20")
    assert (kept / "PG_VERSION").read_text() == "15"


def copy(hour: int) -> dict[str, Any]:
    return {"id": str(hour), "time": f"2026-11-26T0{hour}:00:00Z", "tags": ["postgresql", "cluster=7"]}


@pytest.fixture
def offsite(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Path]:
    """Three copies, of which one is fetched to a folder."""
    copied = [copy(hour) for hour in (1, 2, 3)]
    (tmp_path / "restic.json").write_text('{"places": {"offsite": "rest:x"}}')
    monkeypatch.setattr(copies, "RESTIC", tmp_path)
    monkeypatch.setattr(copies, "run", lambda command: Done([], 0, json.dumps(copied), ""))
    monkeypatch.setattr(disaster, "CHOSEN", tmp_path / "chosen.json")
    monkeypatch.setattr(disaster, "run", lambda command: Done([], 0, "", ""))
    monkeypatch.setattr(scratch, "make", lambda: None)
    monkeypatch.setattr(scratch, "remove", lambda: None)
    monkeypatch.setattr(scratch, "COPY", tmp_path / "copy")

    def fetch(place: str, copy: dict[str, Any], source: str, target: Path) -> None:
        Path(f"{target}{source}").mkdir(parents=True)
        Path(f"{target}{source}/of").write_text(copy["time"])

    def fetched(before: str, *more: str) -> Path:
        disaster.fetch({"place": "offsite", "repository": str(tmp_path / "repository")}, before, *more)
        return tmp_path / "repository"

    monkeypatch.setattr(copies, "fetch", fetch)
    return fetched


def test_the_copy_of_before_the_new_cluster_is_fetched(offsite: Callable[[str], Path]) -> None:
    before = int(datetime(2026, 11, 26, 2, 30, tzinfo=UTC).timestamp())
    assert (offsite(str(before)) / "of").read_text() == "2026-11-26T02:00:00Z"


def test_a_restore_asks_first_whether_there_is_a_copy(offsite: Callable[..., Path], tmp_path: Path) -> None:
    settings = {"place": "offsite", "repository": str(tmp_path / "repository")}
    disaster.choose(settings, "newest")
    assert not (tmp_path / "repository").exists()
    with pytest.raises(RestoreError, match="has no copy"):
        disaster.choose(settings, "0")
    assert (offsite("newest") / "of").read_text() == "2026-11-26T03:00:00Z"  # the newest of by now


def test_a_restore_that_was_cut_off_goes_on_with_its_copy(offsite: Callable[[str], Path]) -> None:
    before = int(datetime(2026, 11, 26, 2, 30, tzinfo=UTC).timestamp())
    offsite(str(before))
    assert (offsite("newest") / "of").read_text() == "2026-11-26T02:00:00Z"


def test_a_restore_that_was_cut_off_knows_whether_all_data_is_back(
    offsite: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(disaster, "controldata", lambda data: "")
    offsite("newest")
    disaster.restored({})
    capsys.readouterr()
    disaster.state({"data": "/data", "database": "im", "facts": "facts.sql"})
    nothing = {"cluster": None, "founded": None, "rows": None}
    assert json.loads(capsys.readouterr().out) == {**nothing, "begun": True, "restored": True}


def test_a_copy_can_be_named(offsite: Callable[..., Path]) -> None:
    assert (offsite("newest", "newest", "2026-11-26T01:59:59Z") / "of").read_text() == "2026-11-26T01:00:00Z"


def test_what_was_there_stays_beside_the_copy(offsite: Callable[..., Path], tmp_path: Path) -> None:
    (tmp_path / "repository").mkdir()
    (tmp_path / "repository" / "of").write_text("another")
    (tmp_path / "repository.new").mkdir()  # of a run that was cut off
    offsite("newest")
    assert sorted(path.name.partition("-")[0] for path in tmp_path.glob("repository*")) == [
        "repository",
        "repository.before",
    ]


@pytest.fixture
def live(offsite: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Any]:
    """A host of operations whose repository is empty; the live database has the number 7, as the copies have."""
    (tmp_path / "repository").mkdir()
    monkeypatch.setattr(disaster, "as_postgres", lambda command: Done([], 0, "7\n", ""))
    return {"place": "offsite", "repository": str(tmp_path / "repository"), "held": {"backups": ["copy.timer"]}}


def test_an_empty_repository_is_filled(live: dict[str, Any]) -> None:
    disaster.fill(live, "host=db1")
    assert (Path(live["repository"]) / "of").read_text() == "2026-11-26T03:00:00Z"


def test_a_repository_that_has_something_is_not_filled(live: dict[str, Any]) -> None:
    (Path(live["repository"]) / "own").touch()
    disaster.fill(live, "host=db1")
    assert [path.name for path in Path(live["repository"]).iterdir()] == ["own"]


def test_the_copies_of_another_database_fill_nothing(live: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disaster, "as_postgres", lambda command: Done([], 0, "8\n", ""))
    disaster.fill(live, "host=db1")
    assert list(Path(live["repository"]).iterdir()) == []


def test_a_first_deployment_has_nothing_to_fill_from(live: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    said = "Fatal: unable to open config file: <config/> does not exist"
    monkeypatch.setattr(copies, "run", lambda command: Done([], 1, "", said))
    disaster.fill(live, "host=db1")
    assert list(Path(live["repository"]).iterdir()) == []


def test_an_offsite_that_is_away_is_said_before_a_new_repository_begins(
    live: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copies, "run", lambda command: Done([], 1, "", "Fatal: connection refused"))
    with pytest.raises(RestoreError, match="rest:x: Fatal: connection refused"):
        disaster.fill(live, "host=db1")


def test_backups_go_on_when_the_copy_cannot_be_fetched(live: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    ordered: list[list[str]] = []

    def run(command: list[str]) -> Done:
        ordered.append(command)
        return Done([], 0, "", "")

    def fails(*_: Any) -> None:
        raise RestoreError("no room")

    monkeypatch.setattr(copies, "fetch", fails)
    monkeypatch.setattr(disaster, "run", run)
    with pytest.raises(RestoreError, match="no room"):
        disaster.refill(live, "7")
    assert ordered[-1] == ["systemctl", "start", "copy.timer"]
    assert Path(live["repository"]).exists()


def test_no_copy_that_is_old_enough_is_said(offsite: Callable[[str], Path]) -> None:
    with pytest.raises(RestoreError) as refused:
        offsite("0")
    assert str(refused.value) == "rest:x: has no copy of postgresql of before 1970-01-01T00:00:00+00:00"


@pytest.mark.parametrize(("to", "options"), [("newest", []), ("1970-01-01T00:05:00Z", ["--set=first"])])
def test_the_backup_is_one_that_ended_by_then(monkeypatch: pytest.MonkeyPatch, to: str, options: list[str]) -> None:
    stops = {"first": 200, "second": 400}
    backups = [{"label": name, "error": False, "timestamp": {"stop": stop}} for name, stop in stops.items()]
    monkeypatch.setattr(disaster, "as_postgres", lambda command: Done([], 0, json.dumps([{"backup": backups}]), ""))
    assert disaster.chosen("im", to) == options
