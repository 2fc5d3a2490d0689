"""Commands have a clean environment, bounded time and output, and end with all they started."""

import os
import threading
import time
from pathlib import Path

import pytest

from onprem.agent.commands import KEPT_BYTES, Commands, Ending
from onprem.agent.errors import AgentError, EndedError


@pytest.fixture
def ending() -> Ending:
    return Ending()


@pytest.fixture
def commands(ending: Ending) -> Commands:
    return Commands(ending, lambda text: None)


def is_gone(pid: int) -> bool:
    """Whether a process ended (a zombie has)."""
    for _ in range(100):
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except FileNotFoundError:
            return True
        time.sleep(0.05)
    return False


def test_output_and_exit_code_are_told(commands: Commands) -> None:
    output = commands.shell("echo out; echo err >&2; exit 3")

    assert (output.code, output.out, output.err) == (3, "out\n", "err\n")
    assert output.cause() == "exit code 3: err / out"


def test_nothing_of_our_environment_is_passed_on(commands: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "s3cret")

    assert "s3cret" not in commands.shell("env").out


def test_standard_input_is_closed_unless_given(commands: Commands) -> None:
    assert commands.shell("cat", seconds=5).out == ""
    assert commands.shell("cat", stdin="x" * 500_000).out == "x" * KEPT_BYTES
    assert commands.shell("true", stdin="x" * 500_000).succeeded


def test_the_end_of_a_long_output_is_kept(commands: Commands) -> None:
    output = commands.shell("yes | head -c 2000000; echo end")

    assert len(output.out) == KEPT_BYTES
    assert output.out.endswith("y\nend\n")


def test_a_command_that_takes_too_long_ends_with_its_children(commands: Commands) -> None:
    output = commands.shell("sleep 100 & echo $!; wait", seconds=1)

    assert output.code is None
    assert output.cause().startswith("not done after 1 s")
    assert is_gone(int(output.out))


def test_what_ignores_the_first_signal_is_killed(commands: Commands) -> None:
    output = commands.shell("trap '' TERM; echo $$; while :; do sleep 0.2; done", seconds=1)

    assert output.code is None
    assert is_gone(int(output.out))


def test_a_child_left_behind_does_not_hold_up_its_parent(commands: Commands) -> None:
    output = commands.shell("sleep 30 & echo $!", seconds=20)

    assert output.succeeded
    os.kill(int(output.out), 15)


def test_the_end_of_the_connection_ends_the_command(commands: Commands, ending: Ending, tmp_path: Path) -> None:
    threading.Timer(0.5, ending.set).start()
    with pytest.raises(EndedError):
        commands.shell(f"echo $$ >{tmp_path}/pid; exec sleep 100")

    assert is_gone(int((tmp_path / "pid").read_text()))


def test_after_the_end_only_what_cannot_be_stopped_runs(commands: Commands, ending: Ending) -> None:
    ending.set()

    with pytest.raises(EndedError):
        commands.shell("true")
    assert commands.unstoppable().shell("echo on").out == "on\n"


def test_a_program_that_is_not_there_is_an_exit_code(commands: Commands) -> None:
    assert commands.run(["/no/such/program"]).code == 127
    with pytest.raises(AgentError) as caught:
        commands.must(["/no/such/program", "x"])
    assert str(caught.value) == '"/no/such/program x" failed: exit code 127: /no/such/program: not found'


def test_long_commands_say_for_how_long(ending: Ending, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onprem.agent.commands.PROGRESS_SECONDS", 0)
    said: list[str] = []

    Commands(ending, said.append).shell("sleep 0.3", doing="installing 14 packages")

    assert said[0] == "installing 14 packages, 0 s"
