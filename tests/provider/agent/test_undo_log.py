"""What is to be touched is on the disk before it is touched, and is put back byte for byte."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from onprem.agent import before, files
from onprem.agent.before import UnitBefore
from onprem.agent.undo_log import LOG, Logged, UndoLog, stayed

ME = (os.getuid(), os.getgid())


@pytest.fixture(autouse=True)
def _own_backups(monkeypatch: pytest.MonkeyPatch) -> None:
    """Backups belong to whoever runs the test."""
    write: Callable[..., None] = files.write
    monkeypatch.setattr(files, "write", lambda path, content, mode, *_: write(path, content, mode, *ME))


@pytest.fixture
def log(tmp_path: Path) -> UndoLog:
    return UndoLog(tmp_path / "services/web/transaction")


def test_nothing_is_made_before_something_is_touched(log: UndoLog) -> None:
    log.stage("healthy")

    assert not log.folder.exists()


def test_the_log_is_durable_by_name_before_a_file_is_touched(
    tmp_path: Path, log: UndoLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[Path] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(Path(f"/proc/self/fd/{descriptor}").readlink()))

    log.added("package", "nginx")

    above = [tmp_path, tmp_path / "services", tmp_path / "services/web"]
    assert synced[: len(above)] == above
    assert synced.index(log.folder / LOG) < synced.index(log.folder)


def test_a_file_is_put_back_byte_for_byte(tmp_path: Path, log: UndoLog) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"\x00old\xff")
    path.chmod(0o604)

    log.file(str(path))
    files.write(str(path), b"new", 0o644, *ME)
    assert before.put_back_file(str(path), Logged(log.folder).before.files[str(path)], log.folder)

    assert path.read_bytes() == b"\x00old\xff"
    assert path.stat().st_mode & 0o777 == 0o604


def test_a_file_that_was_not_there_is_removed_with_its_folders(tmp_path: Path, log: UndoLog) -> None:
    path = tmp_path / "a/b/file"

    log.file(str(path))
    files.write(str(path), b"new", 0o644, *ME)
    logged = Logged(log.folder).before
    assert before.put_back_file(str(path), logged.files[str(path)], log.folder)
    assert [before.put_back_directory(found, logged.directories[found]) for found in sorted(logged.directories)[::-1]]

    assert not (tmp_path / "a").exists()


def test_the_first_state_of_a_file_is_the_one_that_counts(tmp_path: Path, log: UndoLog) -> None:
    path = tmp_path / "file"
    path.write_text("first")
    log.file(str(path))
    path.write_text("second")
    log.file(str(path))

    before.put_back_file(str(path), Logged(log.folder).before.files[str(path)], log.folder)

    assert path.read_text() == "first"


def test_putting_back_twice_does_nothing_the_second_time(tmp_path: Path, log: UndoLog) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    log.file(str(path))
    path.write_text("new")
    record = Logged(log.folder).before.files[str(path)]

    assert before.put_back_file(str(path), record, log.folder)
    assert not before.put_back_file(str(path), record, log.folder)


def test_a_staged_file_goes_too(tmp_path: Path, log: UndoLog) -> None:
    path = tmp_path / "file"
    log.file(str(path))
    files.stage(str(path), b"new", 0o644, *ME)

    before.put_back_file(str(path), Logged(log.folder).before.files[str(path)], log.folder)

    assert [entry.name for entry in tmp_path.iterdir()] == ["services"]


def test_a_line_that_was_cut_off_does_not_count(log: UndoLog) -> None:
    log.stage("starting a.service")
    log.units["a.service"] = UnitBefore(active=True, enabled="enabled")
    log.acting("a.service", "restart")
    with (log.folder / LOG).open("a") as file:
        file.write('{"kind": "act", "na')

    logged = Logged(log.folder)

    assert logged.stage == "starting a.service"
    assert logged.before.units == {"a.service": UnitBefore(active=True, enabled="enabled")}
    assert logged.acted == {"a.service": "restart"}
    assert logged.stayed() == []


def test_what_stays_is_named(log: UndoLog) -> None:
    log.added("package", "haproxy")
    log.added("user", "web")
    log.added("act", "schema")

    assert Logged(log.folder).stayed() == ["package haproxy", "user web", "act of step schema"]


def test_whoever_arms_does_so_before_anything_is_touched(tmp_path: Path, log: UndoLog) -> None:
    seen: list[bool] = []
    path = tmp_path / "file"
    log.on_begin = lambda: seen.append(log.folder.exists() and not path.exists())

    log.file(str(path))
    log.file(str(path))

    assert seen == [True]


def test_a_dropped_log_is_gone(log: UndoLog) -> None:
    log.added("user", "web")
    log.drop()

    assert list(log.folder.parent.iterdir()) == []
    assert not log.begun


def test_what_an_undone_transaction_brought_is_remembered(log: UndoLog) -> None:
    for package, user in (("nginx", "web"), ("curl", "web")):
        log.added("package", package)
        log.added("user", user)
        log.abandon()

    assert not log.folder.exists()
    assert stayed(log.folder.parent) == {"packages": ["curl", "nginx"], "users": ["web"]}
