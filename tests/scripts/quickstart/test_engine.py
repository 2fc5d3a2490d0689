"""Which engine quickstart uses, with a `pulumi` that does what a test says."""

from importlib.metadata import version
from pathlib import Path

import pytest

from commands.quickstart import QuickstartError
from commands.quickstart.engine import PLUGINS, find_engine
from commands.quickstart.release import Release

INSTALLED = ", ".join(f'{{"name": "{name}", "version": "{version(f"pulumi-{name}")}"}}' for name in PLUGINS)


class Unreachable(Release):
    """A release that cannot be had."""

    def fetch(self, folder: Path, say: object) -> Path:
        raise QuickstartError("the site does not answer within 5 s")


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder


def _pulumi(folder: Path, listed: str, install: str) -> None:
    folder.mkdir(exist_ok=True, parents=True)
    program = folder / "pulumi"
    text = f"#!/bin/sh\necho \"$*\" >>{folder}/log\ncase $2 in ls) echo '[{listed}]';; install) {install};; esac\n"
    program.write_text(text)
    program.chmod(0o755)


def test_takes_the_installed_one(path: Path, tmp_path: Path) -> None:
    _pulumi(path, INSTALLED, "exit 1")
    said: list[str] = []

    engine = find_engine(tmp_path / "engine", said.append, Unreachable("1.2.3"))

    assert engine is not None
    assert "PATH" not in engine.environment
    assert said == []


def test_installs_the_plugins_that_are_missing_in_the_locked_versions(path: Path, tmp_path: Path) -> None:
    _pulumi(path, "", "exit 0")

    engine = find_engine(tmp_path / "engine", lambda text: None, Unreachable("1.2.3"))

    assert engine is not None
    asked = (path / "log").read_text().splitlines()[1:]
    assert asked == [f"plugin install resource {name} {version(f'pulumi-{name}')}" for name in PLUGINS]


def test_goes_on_without_it_when_a_plugin_cannot_be_had(path: Path, tmp_path: Path) -> None:
    _pulumi(path, "", "echo no route >&2; exit 1")
    said: list[str] = []

    engine = find_engine(tmp_path / "engine", said.append, Unreachable("1.2.3"))

    assert engine is None
    wanted = version("pulumi-command")
    assert said[-1] == f"going on without the Pulumi engine: its plugin command {wanted} cannot be had (no route)"


def test_goes_on_without_it_when_the_release_cannot_be_had(path: Path, tmp_path: Path) -> None:
    said: list[str] = []

    engine = find_engine(tmp_path / "engine", said.append, Unreachable("1.2.3"))

    assert engine is None
    assert said == ["going on without the Pulumi engine: the site does not answer within 5 s"]


def test_uses_what_it_downloaded_before(path: Path, tmp_path: Path) -> None:
    _pulumi(tmp_path / "engine" / "pulumi-1.2.3", INSTALLED, "exit 1")

    engine = find_engine(tmp_path / "engine", lambda text: None, Unreachable("1.2.3"))

    assert engine is not None
    assert engine.environment["PATH"].startswith(f"{tmp_path}/engine/pulumi-1.2.3:")
    assert engine.environment["PULUMI_HOME"] == f"{tmp_path}/engine/home"
