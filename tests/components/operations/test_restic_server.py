"""Where copies lie: a server that adds and never deletes, and the removal of what is old."""

from datetime import datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from components.network.firewall import RULES
from components.operations.restic_server import KEY, KEYS, PRUNE_TIMER, UNIT_FILE
from tests.components.data_stores.scripts import load
from tests.topologies import recorded

NOW = datetime.fromisoformat("2026-03-01T12:00:00+00:00")


def test_nothing_is_deleted_over_the_network() -> None:
    assert "/usr/bin/rclone serve restic --append-only " in recorded("backups").files("far1")[UNIT_FILE]


def test_both_sides_show_certificates() -> None:
    unit = recorded("backups").files("far1")[UNIT_FILE]
    assert "--cert /etc/im-copies/certificate.pem --key /etc/im-copies/key.pem " in unit
    assert " --client-ca /etc/im-copies/ca.pem " in unit


def test_the_servers_account_reads_no_key_of_a_copy() -> None:
    files = recorded("backups").services["far1/restic-server"].inputs["files"]
    assert (files[KEY]["mode"], files[KEY]["owner"]) == ("0600", "im-copies")
    assert {path: (file["mode"], file["owner"]) for path, file in files.items() if path.startswith(KEYS)} == {
        f"{KEYS}/{host}": ("0600", "root") for host in ("im1", "im2", "vote1")
    }


def test_only_hosts_that_save_reach_the_port() -> None:
    rules = recorded("backups").files("far1")[RULES]
    for role in ("im", "database", "queue", "operations"):
        assert f'ip saddr @{role}4 tcp dport {{ 8434 }} accept comment "restic"' in rules
    assert "8434" not in recorded("backups").files("im1")[RULES]


def test_old_copies_go_once_a_day() -> None:
    assert "\nOnCalendar=*-*-* 03:15:00\n" in recorded("backups").files("far1")[f"/etc/systemd/system/{PRUNE_TIMER}"]


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    module = load("restic-server/copies_prune.py")
    monkeypatch.setattr(module.time, "sleep", lambda _: None)
    return module


def copy(name: str, hours_ago: float, tag: str = "files") -> dict[str, Any]:
    time = (NOW - timedelta(hours=hours_ago)).isoformat().replace("+00:00", ".123456789Z")
    return {"short_id": name, "time": time, "tags": [tag]}


def gone(program: ModuleType, *copies: dict[str, Any], days: int = 30) -> list[str]:
    return [each["short_id"] for each in program.old(copies, NOW, timedelta(days=days))]


def test_of_each_hour_but_the_last_day_one_copy_stays(program: ModuleType) -> None:
    assert gone(program, copy("a", 1), copy("b", 1.1), copy("c", 40.2), copy("d", 40.3), copy("e", 41.2)) == ["d"]


def test_copies_past_their_time_go_but_not_the_newest_of_a_set(program: ModuleType) -> None:
    assert gone(program, copy("a", 800), copy("b", 900), copy("c", 950, "postgresql")) == ["b"]


def test_what_a_copy_holds_makes_no_set_of_its_own(program: ModuleType) -> None:
    told = [{**copy(name, hours), "tags": ["files", f"backup={name}"]} for name, hours in (("a", 800), ("b", 900))]
    assert gone(program, *told) == ["b"]


def test_a_copy_of_the_future_makes_no_other_older(program: ModuleType) -> None:
    assert gone(program, copy("fake", -10_000), copy("good", 700)) == []


class Answers:
    """restic, by its first argument."""

    def __init__(self, program: ModuleType, **texts: list[tuple[int, str, str]]) -> None:
        self.texts, self.asked, self.program = texts, list[tuple[str, ...]](), program

    def restic(self, folder: Path, key: Path, *arguments: str) -> Any:
        self.asked.append(arguments)
        code, out, error = (self.texts.get(arguments[0]) or [(0, "", "")]).pop(0)
        return self.program.subprocess.CompletedProcess([], code, out, error)


def test_a_copy_of_the_future_is_said(program: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    text = '[{"short_id": "fake", "time": "2126-01-01T00:00:00Z", "tags": ["files"]}]'
    monkeypatch.setattr(program, "restic", Answers(program, snapshots=[(0, text, "")]).restic)
    assert list(program.pruned(Path("/srv/im1"), Path("key"), 30)) == [
        "/srv/im1: copy fake is of the future (2126-01-01T00:00:00Z); look at the host it came from"
    ]


def test_removal_waits_for_a_copy_that_is_being_made(program: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = Answers(program, forget=[(1, "", "repository is already locked by PID 1"), (0, "", "")])
    monkeypatch.setattr(program, "restic", answers.restic)
    assert program.forgotten(Path("/srv/im1"), Path("key"), ["a"]).returncode == 0
    assert answers.asked == [("unlock",), ("forget", "--prune", "a")] * 2


def test_a_repository_that_cannot_be_read_is_said(program: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "restic", Answers(program, snapshots=[(1, "", "wrong password\n")]).restic)
    assert list(program.pruned(Path("/srv/im1"), Path("key"), 30)) == ["/srv/im1: cannot be read: wrong password"]
