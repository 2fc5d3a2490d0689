"""What a killed run leaves does not stop the next one."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from commands.quickstart import QuickstartError
from commands.quickstart.deploy import drop_dead_locks, was_without_engine
from commands.quickstart.programs import follow


def _lock(state: Path, process: int) -> Path:
    lock = state / ".pulumi" / "locks" / "organization" / "im" / "dev" / f"{process}.json"
    lock.parent.mkdir(parents=True, exist_ok=True)
    lock.write_text(json.dumps({"pid": process, "username": "root"}))
    return lock


def test_drops_the_locks_of_dead_processes_only(tmp_path: Path) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    dead, alive = _lock(tmp_path, ended.pid), _lock(tmp_path, os.getpid())

    drop_dead_locks(tmp_path)

    assert not dead.exists()
    assert alive.exists()


def test_says_which_command_failed(tmp_path: Path) -> None:
    with pytest.raises(QuickstartError) as failed:
        follow(["sh", "-c", "exit 7"], tmp_path, {})

    assert str(failed.value) == "sh -c exit 7 ended with status 7; its last lines above say why"


def test_stays_without_the_engine_unless_the_engine_has_a_state(tmp_path: Path) -> None:
    saved = tmp_path / ".apply" / "dev.json"
    state = tmp_path / ".lab" / "dev" / "state" / ".pulumi" / "stacks" / "im" / "dev.json"
    saved.parent.mkdir()
    state.parent.mkdir(parents=True)

    assert not was_without_engine(tmp_path, "dev")
    saved.touch()
    assert was_without_engine(tmp_path, "dev")
    state.touch()
    assert not was_without_engine(tmp_path, "dev")
