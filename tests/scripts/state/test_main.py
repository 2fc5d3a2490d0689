"""The command, with an engine that answers from a table and an `ssh` that runs what it is given here."""

import json
import shutil
import stat
from pathlib import Path
from typing import Any

import pytest

from commands.state import StateError
from commands.state.__main__ import main
from commands.state.bucket import Bucket
from commands.state.copies import newest
from components.operations.backups import derived
from tests.scripts.preview.scripted_engine import ScriptedEngine, scripted_engine

SEALED = {"type": "passphrase", "state": {"salt": "v1:x"}}
HOSTS = {"op1": {"address": "192.0.2.1"}, "far1": {"address": "192.0.2.2"}, "im1": {"address": "192.0.2.3"}}
ROLES = {"im": ["im1"], "operations": ["op1"], "offsite": ["far1"]}
BUCKET = {
    "im:backups": json.dumps({"bucket_url": "s3:https://192.0.2.9/copies/one", "bucket_access_key": "writer"}),
    "im:bucket_secret_key": "secret of the bucket",
    "im:backups_password": "password of all copies",
}
COPIED = [
    {"id": "old", "time": "2026-11-25T03:00:00.123456789Z"},
    {"id": "new", "time": "2026-11-26T03:00:00.123456789Z"},
]
FAKE_SSH = """\
for last; do :; done
case " $* " in *" 192.0.2.1 "*|*"@192.0.2.1 "*) host=op1 ;; *) host=far1 ;; esac
[ ! -e {folder}/away-$host ] || {{ echo "ssh: $host: no route" >&2; exit 255; }}
echo $host >>{folder}/asked
exec sh -c "$last"
"""
FAKE_RESTIC = """\
env | grep -E '^(AWS_|RESTIC_)' >{folder}/secrets
case "$*" in
*snapshots*) cat {folder}/copies ;;
*dump*) echo "$*" >>{folder}/dumped && cat {folder}/saved ;;
esac
"""


def exported(resources: int, providers: Any = SEALED) -> str:
    deployment = {"resources": [{"urn": f"urn:{number}"} for number in range(resources)]}
    return json.dumps({"version": 3, "deployment": {**deployment, "secrets_providers": providers}})


class Site:
    """A backend and the two hosts that keep the state."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.folder, self._patch = folder, patch
        self.states = folder / "states"
        self.states.mkdir()
        for module in ("hosts", "copies"):
            patch.setattr(f"commands.state.{module}.STATES", str(self.states))
        (folder / "copies").write_text(json.dumps(COPIED))
        (folder / "saved").write_text(exported(3))
        self.programs = folder / "programs"
        self.programs.mkdir()
        self.program("ssh", FAKE_SSH.format(folder=folder))
        self.program("restic", FAKE_RESTIC.format(folder=folder))
        self.program("systemctl", f'echo "$@" >>{folder}/started')

    def program(self, name: str, text: str) -> None:
        (self.programs / name).write_text(f"#!/bin/sh\n{text}\n")
        (self.programs / name).chmod(0o755)

    def run(self, order: str, *words: str, state: str = exported(2), more: Any = None, **roles: list[str]) -> int:
        values = {"onprem:hosts": json.dumps(HOSTS), "im:roles": json.dumps({**ROLES, **roles}), **(more or {})}
        config = {name: {"value": value, "secret": False} for name, value in values.items()}
        table = {
            "stack select": (0, "", ""),
            "stack export": (0, state, ""),
            "stack import": (0, "", ""),
            "config --show-secrets --json": (0, json.dumps(config), ""),
        }
        engine = scripted_engine(self.folder / "bin", table)
        self._patch.setenv("PATH", f"{self.programs}:{engine.environment['PATH']}")
        self.engine: ScriptedEngine = engine
        return main([order, "one", *(["--kept", str(self.folder / "kept")] if order == "restore" else []), *words])

    @property
    def imported(self) -> list[Any]:
        return [call["state"] for call in self.engine.calls if "state" in call]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    return Site(tmp_path, monkeypatch)


def test_the_state_is_saved_on_the_host_of_operations_and_sent_on(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    assert site.run("save") == 0
    assert capsys.readouterr().out == "one: the state is saved on op1 and far1\n"
    file = site.states / "one.json"
    assert (file.read_text(), stat.S_IMODE(file.stat().st_mode)) == (exported(2), 0o600)
    assert (site.folder / "started").read_text() == "start im-restic@state\n"
    assert [path.name for path in site.states.iterdir()] == ["one.json"]


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (exported(2, None), "the secrets in its state are not encrypted; it is not sent to a host"),
        (exported(0), "has no state yet; run pulumi up --stack one"),
    ],
    ids=["in clear", "empty"],
)
def test_what_is_no_encrypted_state_is_not_sent(
    site: Site, capsys: pytest.CaptureFixture[str], state: str, reason: str
) -> None:
    assert site.run("save", state=state) == 1
    assert capsys.readouterr().err == f"one: {reason}\n"
    assert list(site.states.iterdir()) == []


def test_a_copy_that_does_not_go_on_is_said(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.program("systemctl", "exit 1")
    site.program("journalctl", "echo state did not reach offsite")
    assert site.run("save") == 1
    assert capsys.readouterr().err == "op1: state did not reach offsite\n"


def test_a_host_that_takes_no_state_is_said(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree(site.states)
    assert site.run("save") == 1
    assert capsys.readouterr().err == "op1: it takes no state; deploy im:backups with this version first\n"


def test_a_stack_without_a_host_of_operations_is_said(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    assert site.run("save", operations=[]) == 1
    assert capsys.readouterr().err == ("one: has no host of operations, which keeps the state; see docs/backups.md\n")


def test_the_newest_state_comes_back(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    assert site.run("restore", state=exported(0)) == 0
    assert site.imported == [json.loads(exported(3))]
    (kept,) = (site.folder / "kept").iterdir()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert capsys.readouterr().out == (
        f"one: the state as it was saved: {kept}\n"
        "one: has the state that op1 has of 2026-11-26T03:00:00.123456789Z\n"
        "next: pulumi preview --refresh --stack one\n"
    )
    assert (site.folder / "dumped").read_text().split()[-2:] == ["new", f"{site.states}/one.json"]


def test_an_older_state_can_be_named(site: Site) -> None:
    assert site.run("restore", "--copy", "2026-11-25T12:00:00Z", state=exported(0)) == 0
    assert (site.folder / "dumped").read_text().split()[-2] == "old"


def test_offsite_has_it_when_the_host_of_operations_is_lost(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    (site.folder / "away-op1").touch()
    assert site.run("restore", state=exported(0)) == 0
    assert "one: has the state that far1 has of" in capsys.readouterr().out


def test_a_bucket_is_opened_from_here_when_both_hosts_are_lost(
    site: Site, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_SESSION_TOKEN", "AWS_DEFAULT_REGION", "RESTIC_PASSWORD_FILE"):
        monkeypatch.setenv(name, "of another store")
    for host in ("op1", "far1"):
        (site.folder / f"away-{host}").touch()
    assert site.run("restore", state=exported(0), more=BUCKET) == 0
    assert "one: has the state that bucket has of" in capsys.readouterr().out
    assert (site.folder / "dumped").read_text().split()[:2] == ["--repo", "s3:https://192.0.2.9/copies/one/op1"]
    assert dict(line.split("=", 1) for line in (site.folder / "secrets").read_text().splitlines()) == {
        "AWS_ACCESS_KEY_ID": "writer",
        "AWS_SECRET_ACCESS_KEY": "secret of the bucket",
        "RESTIC_PASSWORD": derived("password of all copies", "restic/op1"),
    }


@pytest.mark.parametrize("secret", ["bucket_secret_key", "backups_password"])
def test_a_bucket_needs_both_secrets(site: Site, capsys: pytest.CaptureFixture[str], secret: str) -> None:
    assert site.run("restore", "--from", "bucket", state=exported(0), more={**BUCKET, f"im:{secret}": ""}) == 1
    assert capsys.readouterr().err == f"bucket: cannot be opened, because im:{secret} is not in the stack file\n"


def test_what_restic_says_is_told(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    said = "Fatal: unable to open config file: no such host\nIs there a repository at the following location?\ns3:x"
    site.program("restic", f"echo '{said}' >&2; exit 1")
    assert site.run("restore", "--from", "bucket", state=exported(0), more=BUCKET) == 1
    assert capsys.readouterr().err == "bucket: unable to open config file: no such host\n"


def test_a_bucket_needs_restic_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StateError, match="^bucket: restic is not on PATH; install it, it opens the bucket$"):
        Bucket(BUCKET, "op1").restic("snapshots")


def test_a_bucket_has_what_is_saved(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    assert site.run("save", more=BUCKET) == 0
    assert capsys.readouterr().out == "one: the state is saved on op1 and far1 and bucket\n"


def test_all_places_that_have_none_are_said(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    (site.folder / "away-op1").touch()
    (site.folder / "copies").write_text("null")
    assert site.run("restore", state=exported(0)) == 1
    assert capsys.readouterr().err == "op1: ssh: op1: no route\nfar1: has no state of one\n"


def test_a_place_that_keeps_nothing_is_said(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    assert site.run("restore", "--from", "im1", state=exported(0)) == 1
    assert capsys.readouterr().err == "one: im1 keeps no copies\n"


def test_a_state_with_resources_is_replaced_only_when_it_is_said(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    assert site.run("restore") == 1
    assert capsys.readouterr().err == "one: has a state with 2 resources; to replace it, add: --overwrite\n"
    assert site.imported == []


def test_a_state_that_is_replaced_is_kept(site: Site) -> None:
    assert site.run("restore", "--overwrite") == 0
    kept = sorted(path.read_text() for path in (site.folder / "kept").iterdir())
    assert kept == sorted([exported(2), exported(3)])


def test_no_copy_fits_a_moment_before_all() -> None:
    assert newest(COPIED, "2026-11-01T00:00:00Z") is None
