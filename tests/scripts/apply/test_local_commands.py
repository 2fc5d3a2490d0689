"""The stand-in for a local command of pulumi-command."""

from pathlib import Path

import pytest

from commands.apply import ApplyError
from commands.apply.local_commands import run_command


def test_runs_create_once(tmp_path: Path) -> None:
    inputs = {"create": f"cat >>{tmp_path}/log; echo done", "stdin": "text\n"}

    first = run_command("setup", inputs, None)
    second = run_command("setup", inputs, first)

    assert second is first
    assert first.outputs["stdout"] == "done"
    assert (tmp_path / "log").read_text() == "text\n"


def test_runs_update_when_an_input_changes_and_create_when_a_trigger_does(tmp_path: Path) -> None:
    inputs = {"create": "echo create", "update": "echo update", "environment": {"A": "1"}, "triggers": ["1"]}
    first = run_command("setup", inputs, None)

    changed = run_command("setup", {**inputs, "environment": {"A": "2"}}, first)
    triggered = run_command("setup", {**inputs, "triggers": ["2"]}, first)

    assert (first.outputs["stdout"], changed.outputs["stdout"], triggered.outputs["stdout"]) == (
        "create",
        "update",
        "create",
    )


def test_says_how_a_command_failed_without_what_it_was_given() -> None:
    inputs = {"create": "cat >&2; exit 3", "stdin": "PASSWORD='hunter2hunter2'"}

    with pytest.raises(ApplyError) as failed:
        run_command("setup", inputs, None)

    assert str(failed.value) == "setup: its command ended with status 3. Its last lines:\n[hidden]='[hidden]'"
