"""What a host tells of its steps."""

from pathlib import Path
from typing import Any

import pytest

from onprem.agent.commands import Commands, Ending
from onprem.agent.declaration import parse
from onprem.agent.live import Live
from onprem.agent.scrubber import Scrubber
from onprem.agent.store import Store


def live_step(folder: Path, read: str) -> dict[str, Any]:
    """The step `site` as the agent reads it."""
    declared = parse("web", {"steps": {"site": {"read": read, "want": "yes", "act": "true"}}})
    commands = Commands(Ending(), lambda text: None)
    live = Live(Store(folder), commands, Scrubber({"password": "s3cret"}), declared, with_steps=True).read()
    found: dict[str, Any] = live["steps"]["site"]
    return {name: found[name] for name in ("want", "unread") if name in found}


@pytest.mark.parametrize(
    ("read", "found"),
    [
        ("echo yes", {"want": "yes"}),
        ("echo no", {"want": "no"}),
        ("echo no; echo s3cret >&2; exit 2", {"want": "yes", "unread": "exit code 2: (secret) / no"}),
    ],
)
def test_a_read_that_fails_tells_no_state(tmp_path: Path, read: str, found: dict[str, str]) -> None:
    assert live_step(tmp_path, read) == found
