"""Background processes: started, found again, ended, and never mistaken for a stranger's."""

import json
import os
from pathlib import Path

import pytest

from commands.lab.errors import LabError
from commands.lab.processes import Background, run, wait_until


def test_a_background_process_is_found_by_the_next_command_and_ended(tmp_path: Path) -> None:
    process = Background(tmp_path, "sleeper").start(["sleep", "60"])
    assert Background(tmp_path, "sleeper").find() == process
    Background(tmp_path, "sleeper").stop()
    assert not process.alive
    assert Background(tmp_path, "sleeper").find() is None


def test_ends_what_the_process_started_too(tmp_path: Path) -> None:
    program = Background(tmp_path, "parent")
    program.start(["sh", "-c", "sleep 60 & echo $!; wait"])
    assert wait_until(lambda: program.log.read_text().endswith("\n"), seconds=5)
    child = Path(f"/proc/{program.log.read_text().strip()}/stat")
    program.stop()
    assert wait_until(lambda: not child.exists() or " Z " in child.read_text(), seconds=5)


def test_a_process_that_took_over_the_number_is_left_alone(tmp_path: Path) -> None:
    program = Background(tmp_path, "sleeper")
    process = program.start(["sleep", "60"])
    record = json.loads(program.record.read_text())
    program.record.write_text(json.dumps({**record, "started_ticks": record["started_ticks"] - 1}))
    program.stop()
    assert process.alive
    os.kill(process.pid, 9)
    os.waitpid(process.pid, 0)


def test_a_damaged_record_is_no_process(tmp_path: Path) -> None:
    (tmp_path / "sleeper.json").write_text("{")
    assert Background(tmp_path, "sleeper").find() is None


def test_last_words_are_free_of_terminal_control(tmp_path: Path) -> None:
    program = Background(tmp_path, "host")
    program.log.write_text("one\ntwo\n[\x1b[0;32m  OK  \x1b[0m] Started\r\n\nlast\x07\n")
    assert program.last_words() == f"{program.log} ends with: two / [  OK  ] Started / last"


def test_a_failure_is_a_sentence_with_what_the_program_said() -> None:
    with pytest.raises(LabError) as error:
        run(["sh", "-c", "echo one >&2; echo two >&2; exit 3"], doing="a try")
    assert str(error.value) == "a try failed (exit code 3): one / two"
