"""One host is switched off: those behind it are previewed and changed, and it is taken up again once it is back."""

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml

from tests.lab.conftest import LabFactory
from tests.lab.private_lab import ROOT, PrivateLab

HOSTS = {"one": {"address": "10.77.208.11"}, "two": {"address": "10.77.208.12"}}
PROGRAM = """
import os
import signal
from pathlib import Path

import pulumi

from components.resources import File, Host, Service, ServiceState

signal.signal(signal.SIGINT, lambda *_: os._exit(130))
here = Path(__file__).parent
before = [Host(host, {"cores": 1}, [], pulumi.ResourceOptions()) for host in ("one", "two")]
for host, name in (("two", "note"), ("one", "note"), ("two", "new")):
    if (text := here / host / name).exists():
        state = ServiceState(files={f"/etc/{name}": File(content=text.read_text())})
        before.append(Service(host, name, state, pulumi.ResourceOptions(depends_on=before)))
"""
AWAY = (
    "two: cannot be reached at 10.77.208.12 (no answer); check that it runs, its address, and the firewalls on"
    " the way; if it is away for long, name it in ONPREM_OFFLINE to preview the others"
)
REFUSED = (
    "two/new: cannot be changed while ONPREM_OFFLINE names two; take it out once the host is back; if it never comes"
    " back, name it in ONPREM_GONE and remove it from the stack"
)
STANDS = "two/note: not read, ONPREM_OFFLINE names its host; its last state stands"
LEFT = "two: ONPREM_OFFLINE names it; what was declared last stands"


class Notes:
    """A file on each of two hosts, `two` before `one`."""

    def __init__(self, lab: PrivateLab, folder: Path) -> None:
        self.lab, self.folder = lab, folder
        runtime = {"name": "python", "options": {"toolchain": "pip", "virtualenv": str(ROOT / ".venv")}}
        plugins = {"providers": [{"name": "onprem", "path": str(ROOT / "provider")}]}
        settings = {"name": "notes", "runtime": runtime, "plugins": plugins}
        (folder / "Pulumi.yaml").write_text(yaml.safe_dump(settings))
        (folder / f"Pulumi.{lab.stack}.yaml").write_text(yaml.safe_dump({"config": {"onprem:hosts": HOSTS}}))
        (folder / "__main__.py").write_text(PROGRAM)

    def declare(self, one: str, two: str) -> None:
        for host, text in (("one", one), ("two", two)):
            (self.folder / host).mkdir(exist_ok=True)
            (self.folder / host / "note").write_text(f"{text}\n")

    def add(self, host: str) -> None:
        (self.folder / host / "new").write_text("new\n")

    def found(self, *hosts: str) -> list[str]:
        return [self.lab.ssh(host, "cat /etc/note").stdout.strip() for host in hosts]

    def apply(self, *, offline: str = "", fails: bool = False) -> str:
        saved = str(self.folder / "saved")
        command = ["scripts/apply", self.lab.stack, "--program", str(self.folder), "--saved", saved]
        return self._run(command, offline, fails)

    def pulumi(self, *words: str, offline: str = "", fails: bool = False) -> str:
        command = ["env", f"PYTHONPATH={ROOT}", "pulumi", "-C", str(self.folder), *words, "--stack", self.lab.stack]
        return self._run([*command, "--non-interactive"], offline, fails)

    def _run(self, command: Sequence[str], offline: str, fails: bool) -> str:
        done = self.lab.run(["env", f"ONPREM_OFFLINE={offline}", *command], check=False)
        said = re.sub(r"\((No route to host|Connection timed out)\)", "(no answer)", done.stdout + done.stderr)
        assert (done.returncode != 0) == fails, said
        assert "Traceback" not in said
        return said


@pytest.fixture
def notes(lab: LabFactory, tmp_path: Path) -> Notes:
    made = Notes(lab({"onprem:hosts": HOSTS}), tmp_path)
    made.declare("1", "1")
    return made


def test_without_the_engine(notes: Notes) -> None:
    notes.apply()
    notes.lab.lab("kill", "two")
    notes.declare("2", "2")

    assert notes.apply(fails=True).splitlines()[-1] == AWAY
    said = notes.apply(offline="two").splitlines()
    assert {STANDS, LEFT} <= set(said)
    assert notes.found("one") == ["2"]
    notes.add("two")
    assert REFUSED in notes.apply(offline="two", fails=True).splitlines()

    notes.lab.lab("start", "two")
    notes.apply()
    assert notes.found("one", "two") == ["2", "2"]
    assert notes.apply().splitlines()[-1].endswith(": 0 created, 0 changed, 5 unchanged")


def test_with_the_engine(notes: Notes) -> None:
    if shutil.which("pulumi") is None:
        pytest.skip("needs the Pulumi engine: no pulumi on PATH")
    up = ("up", "--yes", "--skip-preview", "--refresh")
    notes.pulumi("stack", "init")
    notes.pulumi(*up)
    notes.lab.lab("kill", "two")

    assert f"error: Preview failed: {AWAY}\n" in notes.pulumi("preview", "--refresh", fails=True)
    assert f"warning: {STANDS}\n" in notes.pulumi("preview", "--refresh", "--expect-no-changes", offline="two")
    notes.declare("2", "2")
    assert "    ~ 1 to update\n" in notes.pulumi("preview", offline="two")
    assert f"warning: {LEFT}\n" in notes.pulumi(*up, offline="two")
    assert notes.found("one") == ["2"]
    assert f"warning: {LEFT}\n" in notes.pulumi("preview", "--expect-no-changes", offline="two")
    notes.add("two")
    assert f"error: {REFUSED}\n" in notes.pulumi(*up, offline="two", fails=True)

    notes.lab.lab("start", "two")
    notes.pulumi(*up)
    assert notes.found("one", "two") == ["2", "2"]
    notes.pulumi("preview", "--refresh", "--expect-no-changes")
