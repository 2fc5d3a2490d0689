"""Which of the two ways a stack is deployed, and what is said when that fails."""

from pathlib import Path

import pytest

from commands.quickstart import QuickstartError
from commands.quickstart.deploy import was_without_engine
from commands.quickstart.programs import follow


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
