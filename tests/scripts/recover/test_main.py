"""The command, with an engine that answers from a table."""

import json
import os
import socket
import stat
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from commands.recover.__main__ import ROOT, main
from tests.provider.scripted import Frame, ScriptedHosts
from tests.scripts.preview.scripted_engine import ScriptedEngine, scripted_engine
from tests.scripts.recover.test_locks import ended_process
from tests.scripts.recover.test_pending import state

CUT_OFF = state(("creating", "onprem:index:Service::dev1/redis"))
SAID = (
    "one: cut off: dev1/redis: creating (onprem:index:Service): forgotten; pulumi up takes over what is on the host"
    " already\n"
)
Answer = tuple[int, str, str]


class Backend:
    """A file backend with a scripted engine on PATH."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.folder, self._patch = folder, patch
        self.kept = folder / "kept"
        self.engine: ScriptedEngine | None = None

    def answers(self, exported: str = state(), url: str = "", **more: Answer) -> None:
        """What the engine says; `more` by its first words, joined by `_`."""
        table: dict[str, Answer] = {
            "whoami": (0, json.dumps({"user": "ops", "url": url or f"file://{self.folder}"}), ""),
            "stack export": (0, exported, ""),
            "stack import": (0, "", ""),
            "cancel": (0, "", ""),
            "config get": (0, json.dumps({"web1": {"address": "192.0.2.1"}, "web2": {"address": "192.0.2.2"}}), ""),
            **{name.replace("_", " "): answer for name, answer in more.items()},
        }
        self.engine = scripted_engine(self.folder / "bin", table)
        self._patch.setenv("PATH", self.engine.environment["PATH"])

    def lock(self, pid: int, machine: str = "", since: str = "2126-01-01T00:00:00Z") -> None:
        """Far in the future: a process of today was there when it was made."""
        folder = self.folder / ".pulumi" / "locks" / "organization" / "im" / "one"
        folder.mkdir(parents=True, exist_ok=True)
        told = {"pid": pid, "username": "ops", "hostname": machine or socket.gethostname(), "timestamp": since}
        (folder / f"{pid}.json").write_text(json.dumps(told))

    def run(self, *words: str, hosts: ScriptedHosts | None = None) -> int:
        return main(["one", "--kept", str(self.kept), *words], hosts or ScriptedHosts({}))

    @property
    def changes(self) -> list[str]:
        """How the engine was called to change something."""
        assert self.engine is not None
        called = [" ".join(call["arguments"][:2]) for call in self.engine.calls]
        return [words for words in called if words.startswith(("cancel", "stack import"))]


@pytest.fixture
def backend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Backend:
    return Backend(tmp_path, monkeypatch)


def test_nothing_to_clear(backend: Backend, capsys: pytest.CaptureFixture[str]) -> None:
    backend.answers()

    assert backend.run() == 0
    assert capsys.readouterr() == ("one: nothing to clear\n", "")
    assert backend.changes == []


def test_a_dead_lock_and_what_was_under_way_are_cleared(backend: Backend, capsys: pytest.CaptureFixture[str]) -> None:
    backend.answers(CUT_OFF)
    pid = ended_process()
    backend.lock(pid)

    assert backend.run() == 0

    (copy,) = backend.kept.iterdir()
    assert capsys.readouterr() == (
        f"one: locked by ops on {socket.gethostname()}, process {pid}, since 2126-01-01 00:00:00 UTC\n"
        f"{SAID}"
        "one: the lock is taken away\n"
        f"one: the state as it was: {copy}\n"
        "one: nothing is under way any more\n"
        "next: pulumi up --refresh --stack one\n",
        "",
    )
    assert backend.changes == ["cancel --yes", "stack import"]
    assert copy.read_text() == CUT_OFF
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert stat.S_IMODE(backend.kept.stat().st_mode) == 0o700


def test_the_engine_is_given_the_state_as_it_was(backend: Backend) -> None:
    backend.answers(CUT_OFF)
    backend.run()

    assert backend.engine is not None
    (given,) = [call["state"] for call in backend.engine.calls if "state" in call]
    assert given == json.loads(CUT_OFF)


def test_a_lock_alone_leaves_the_state_as_it_is(backend: Backend) -> None:
    backend.answers()
    backend.lock(ended_process())

    assert backend.run() == 0
    assert backend.changes == ["cancel --yes"]
    assert not backend.kept.exists()


def test_a_run_that_goes_on_is_left_alone(backend: Backend, capsys: pytest.CaptureFixture[str]) -> None:
    backend.answers(CUT_OFF)
    backend.lock(os.getpid())

    assert backend.run() == 1
    assert capsys.readouterr().err == (
        f"one: locked by ops on {socket.gethostname()}, process {os.getpid()}, since 2126-01-01 00:00:00 UTC, which is"
        f" still at work; wait for it, or end it: kill -INT {os.getpid()}\n"
    )
    assert backend.changes == []
    assert not backend.kept.exists()


def test_a_run_of_another_machine_is_ended_by_its_name_only(backend: Backend) -> None:
    backend.answers(CUT_OFF)
    backend.lock(4242, "runner1")

    assert backend.run() == 1
    assert backend.changes == []
    assert backend.run("--machine", "runner1") == 0
    assert backend.changes == ["cancel --yes", "stack import"]


def test_a_dry_run_only_tells(backend: Backend, capsys: pytest.CaptureFixture[str]) -> None:
    backend.answers(CUT_OFF)

    assert backend.run("--dry-run") == 0
    assert capsys.readouterr().out == f"{SAID}one: nothing was changed\n"
    assert backend.changes == []


def test_the_lock_of_a_backend_that_is_no_folder_is_asked_of_the_engine(
    backend: Backend, capsys: pytest.CaptureFixture[str]
) -> None:
    lock = "created by ops@runner1 (pid 4242) at 2026-11-25T19:24:33Z"
    refused = f"error: could not import deployment: the stack is currently locked by 1 lock(s).\n  s3://a: {lock}\n"
    backend.answers(url="s3://states", stack_import=(255, "", refused))

    assert backend.run("--dry-run") == 0
    assert capsys.readouterr().out == "one: nothing was changed; this backend tells no lock before it is written to\n"
    assert backend.run() == 1
    assert "look there, and if it has ended, run: scripts/recover one --machine runner1\n" in capsys.readouterr().err
    assert backend.changes == ["stack import"]

    assert backend.run("--machine", "runner1") == 1
    assert backend.changes[1:] == ["stack import", "cancel --yes", "stack import"]
    assert capsys.readouterr().err.startswith("one: what was under way is not cleared: could not import deployment: ")


def test_what_the_engine_refuses_is_told_in_its_words(backend: Backend, capsys: pytest.CaptureFixture[str]) -> None:
    backend.answers(stack_export=(255, "", "error: passphrase must be set\n"))

    assert backend.run() == 1
    assert capsys.readouterr().err == "one: pulumi stack export failed: passphrase must be set\n"


def test_without_the_engine_it_says_how_to_get_it(
    backend: Backend, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(backend.folder))

    assert backend.run() == 1
    assert capsys.readouterr().err == 'pulumi is not on PATH; install it, or run: eval "$(.ci/engine)"\n'


def test_hosts_tell_what_was_cut_off_there(backend: Backend, capsys: pytest.CaptureFixture[str]) -> None:
    backend.answers()
    script: Mapping[str, Callable[[Frame], Any]] = {
        "manifest": lambda _: {"declared": None, "services": [], "unfinished": ["haproxy", "redis"]}
    }

    assert backend.run("--live", hosts=ScriptedHosts(script, unreachable=("web2",))) == 0
    assert capsys.readouterr().out == (
        "web1/haproxy: a change was cut off; the next change of web1 undoes it first\n"
        "web1/redis: a change was cut off; the next change of web1 undoes it first\n"
        "web2: cannot be reached at 192.0.2.2\n"
        "one: nothing to clear\n"
    )


def test_the_command_says_what_it_does() -> None:
    done = subprocess.run([ROOT / "scripts/recover", "--help"], capture_output=True, text=True, check=False)

    assert done.returncode == 0
    assert "usage: scripts/recover " in done.stdout
