"""What a host tells of its steps."""

from pathlib import Path
from typing import Any

import pytest

from onprem.agent import archive
from onprem.agent.commands import Commands, Ending
from onprem.agent.declaration import parse
from onprem.agent.errors import AgentError
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


def live_file(path: Path, content: str) -> str:
    """The content of a file as the agent reads it."""
    declared = parse("web", {"files": {str(path): {"content": content}}})
    live = Live(Store(path.parent), Commands(Ending(), lambda text: None), Scrubber({}), declared, with_steps=False)
    return str(live.read()["files"][str(path)]["content"])


def test_a_reader_is_told_by_its_digest(tmp_path: Path) -> None:
    path, wanted = tmp_path.resolve() / "reader", f"${{reader:{'0' * 64}}}"

    path.write_bytes(archive.reader())
    installed = live_file(path, wanted)
    path.write_text("#!/bin/sh\n")

    assert installed == f"${{reader:{archive.digest(archive.reader())}}}"
    assert live_file(path, wanted) == "(not the reader: 10 bytes)"


def test_a_reader_of_another_release_is_not_installed() -> None:
    declared = parse("web", {"files": {"/r": {"content": f"${{reader:{'0' * 64}}}"}}})

    with pytest.raises(AgentError) as caught:
        declared.content(declared.files["/r"])

    assert str(caught.value) == "/r should be the reader of another release than this; run the whole update again"
