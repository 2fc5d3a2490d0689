"""Who holds a lock, and when it may be taken away."""

import json
import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from commands.recover import RecoverError
from commands.recover.locks import Lock, in_folder, in_text, is_running, refuse_living

NOW = datetime.now(UTC)
SINCE = datetime(2026, 11, 25, 19, 24, 33, tzinfo=UTC)
REFUSED = """\
error: the stack is currently locked by 2 lock(s). Either wait for the other process(es) to end or delete the lock file\
 with `pulumi cancel`.
  s3://states/.pulumi/locks/organization/im/prod/0b.json: created by ops@runner1 (pid 4242) at 2026-11-25T19:24:33Z
  s3://states/.pulumi/locks/organization/im/prod/1c.json: created by CORP\\ann@desk (pid 7) at 2026-11-25T20:24:33+01:00
"""


def ended_process() -> int:
    """A number that no process has."""
    ended = subprocess.Popen(["true"])
    ended.wait()
    return ended.pid


def test_locks_of_a_file_backend_oldest_first(tmp_path: Path) -> None:
    folder = tmp_path / ".pulumi" / "locks" / "organization" / "im" / "dev"
    folder.mkdir(parents=True)
    for pid, stamp in ((2, "2026-11-25T20:24:34.123456789+01:00"), (1, "2026-11-25T19:24:33Z")):
        told = {"pid": pid, "username": "root", "hostname": "ops1", "timestamp": stamp}
        (folder / f"{pid}{pid}.json").write_text(json.dumps(told))
        (folder / f"{pid}{pid}.json.attrs").write_text("{}")

    found = in_folder(tmp_path, "im", "dev")

    assert [str(lock) for lock in found] == [
        "root on ops1, process 1, since 2026-11-25 19:24:33 UTC",
        "root on ops1, process 2, since 2026-11-25 19:24:34 UTC",
    ]
    assert in_folder(tmp_path, "im", "other") == []


def test_a_lock_that_is_not_understood_is_named(tmp_path: Path) -> None:
    path = tmp_path / ".pulumi" / "locks" / "organization" / "im" / "dev" / "1.json"
    path.parent.mkdir(parents=True)
    path.write_text("{}")

    with pytest.raises(RecoverError) as error:
        in_folder(tmp_path, "im", "dev")

    assert str(error.value) == (
        f"{path}: this lock is not understood (KeyError('timestamp')); make sure that nobody is at work on the stack,"
        " then run: pulumi cancel"
    )


def test_locks_that_the_engine_names() -> None:
    assert in_text(REFUSED) == [Lock("ops", "runner1", 4242, SINCE), Lock("CORP\\ann", "desk", 7, SINCE)]
    assert in_text("error: passphrase must be set") == []


def test_a_running_process_keeps_its_lock() -> None:
    with pytest.raises(RecoverError) as error:
        refuse_living("dev", [Lock("root", "here", os.getpid(), NOW + timedelta(days=1))], "here", ["here"])

    assert str(error.value).endswith(f", which is still at work; wait for it, or end it: kill -INT {os.getpid()}"), (
        error.value
    )


def test_an_ended_process_or_a_later_one_with_its_number_does_not() -> None:
    refuse_living("dev", [Lock("root", "here", ended_process(), NOW)], "here", [])
    refuse_living("dev", [Lock("root", "here", os.getpid(), NOW - timedelta(days=365))], "here", [])


def test_a_process_that_ended_and_was_not_collected_is_gone() -> None:
    child = subprocess.Popen(["true"])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)

    assert not is_running(child.pid)
    child.wait()


def test_a_lock_of_another_machine_needs_its_name() -> None:
    lock = Lock("ops", "runner1", 4242, SINCE)

    with pytest.raises(RecoverError) as error:
        refuse_living("prod", [lock], "desk", ["runner2"])
    refuse_living("prod", [lock], "desk", ["runner2", "runner1"])

    assert str(error.value) == (
        "prod: locked by ops on runner1, process 4242, since 2026-11-25 19:24:33 UTC; whether that run goes on cannot"
        " be seen from desk: look there, and if it has ended, run: scripts/recover prod --machine runner1"
    )
