"""restic: what is saved where, and that a place which is away costs the others nothing."""

import hmac
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from components.operations.restic import BUCKET as CREDENTIALS
from components.operations.restic import CLIENT, CONFIG, PASSWORD, timer, timer_file
from components.operations.restore_program import CONFIG as RESTORE
from components.problems import SettingsError
from tests.components.data_stores.scripts import load
from tests.recording import as_config, run, settings_of
from tests.topologies import BACKUPS, recorded


def saved(host: str) -> dict[str, Any]:
    return dict(json.loads(recorded("backups").files(host)[CONFIG]))


def test_each_host_has_repositories_and_a_password_of_its_own() -> None:
    assert saved("im1")["places"] == {
        "operations": "rest:https://vote1:8434/im1/",
        "offsite": "rest:https://far1:8434/im1/",
    }
    assert len({password_of(host) for host in ("im1", "im2", "vote1")}) == 3
    assert password_of("im1") == hmac.new(b"(result of backups_password)", b"restic/im1", "sha256").hexdigest()


def password_of(host: str) -> str:
    return str(recorded("backups").services[f"{host}/restic"].inputs["secrets"]["password"])


def test_an_im_host_saves_what_it_alone_has() -> None:
    chosen = saved("im1")["sets"]["files"]
    assert chosen["paths"] == ["/var/lib/onprem", "/etc/ejabberd", "/var/lib/ejabberd/upload"]
    assert list(chosen["dumps"]) == ["rabbitmq.json", "etcd.db"]
    assert chosen["places"] == ["operations", "offsite"]


def test_postgresqls_backups_go_offsite_all_the_time() -> None:
    assert saved("vote1")["sets"]["postgresql"] == {
        "paths": ["/var/lib/pgbackrest/im"],
        "without": ["*.pgbackrest.tmp"],
        "dumps": {},
        "about": "[ ! -e /usr/local/lib/im/postgresql-backup ] || /usr/local/lib/im/postgresql-backup about im",
        "places": ["offsite"],
    }
    assert "\nOnUnitInactiveSec=20s\n" in recorded("backups").files("vote1")[timer_file("postgresql")]
    assert list(recorded("backups").services["im1/restic"].inputs["units"]) == [timer("files")]


def test_secrets_are_for_root_alone() -> None:
    files = recorded("backups").services["im1/restic"].inputs["files"]
    assert {files[path]["mode"] for path in (PASSWORD, CLIENT)} == {"0600"}


BUCKET = {"enabled": True, "bucket_url": "s3:https://s3.example.net/copies/chat", "bucket_access_key": "writer"}
KEY = {"im:bucket_secret_key": "with/slash+and=more"}


def with_bucket(**changes: Any) -> dict[str, str]:
    return as_config({**BACKUPS, "im:backups": {**BUCKET, **changes}})


def test_a_bucket_is_a_place_beside_the_others() -> None:
    program = run({**with_bucket(), **KEY}, encrypted=KEY)
    config = json.loads(program.files("vote1")[CONFIG])
    assert config["places"]["bucket"] == "s3:https://s3.example.net/copies/chat/vote1"
    assert config["sets"]["postgresql"]["places"] == ["offsite", "bucket"]
    service = program.services["vote1/restic"]
    assert service.inputs["packages"] == {"restic": "", "ca-certificates": ""}
    assert service.inputs["secrets"]["bucket"] == KEY["im:bucket_secret_key"]
    assert service.inputs["files"][CREDENTIALS]["mode"] == "0600"
    assert service.inputs["files"][CREDENTIALS]["content"].endswith(
        "[default]\naws_access_key_id = writer\naws_secret_access_key = ${secret:bucket}\n"
    )


def test_a_bucket_alone_is_what_is_restored() -> None:
    roles = {name: hosts for name, hosts in BACKUPS["im:roles"].items() if name != "offsite"}
    hosts = {name: host for name, host in BACKUPS["onprem:hosts"].items() if name != "far1"}
    config = as_config({**BACKUPS, "im:roles": roles, "onprem:hosts": hosts, "im:backups": BUCKET})
    program = run({**config, **KEY}, encrypted=KEY)
    assert json.loads(program.files("vote1")[RESTORE])["place"] == "bucket"
    assert "vote1/restore" in program.services


def test_a_bucket_needs_who_writes_there_and_an_encrypted_secret() -> None:
    with pytest.raises(SettingsError) as refused:
        settings_of(with_bucket(bucket_access_key=""))
    assert str(refused.value).splitlines() == [
        "im:backups.bucket_access_key: missing, and there is a bucket_url; name who writes there",
        "im:bucket_secret_key: missing, and im:backups has a bucket_url; run pulumi config set --secret"
        " bucket_secret_key",
    ]
    with pytest.raises(SettingsError) as refused:
        settings_of({**with_bucket(), **KEY})
    assert str(refused.value) == (
        "im:bucket_secret_key: stands in the stack file in clear; run pulumi config set --secret bucket_secret_key to"
        " encrypt it"
    )


def test_a_bucket_shows_the_certificates_of_the_world(program: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[list[str]] = []
    monkeypatch.setattr(program.subprocess, "run", lambda command, **options: ran.append([*command, str(options)]))
    program.restic("s3:https://s3.example.net/copies/chat/im1", "snapshots")
    program.restic("rest:https://far1:8434/im1/", "snapshots")
    assert ["--cacert" in command for command in ran] == [False, True]
    assert f"'AWS_SHARED_CREDENTIALS_FILE': '{program.FOLDER}/s3'" in ran[0][-1]


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    module = load("restic/restic_save.py")
    for name in ("FOLDER", "DUMPS", "METRICS"):
        (tmp_path / name).mkdir()
        monkeypatch.setattr(module, name, tmp_path / name)
    plain = {"paths": [str(tmp_path)], "without": [], "dumps": {}, "about": "", "places": ["operations", "offsite"]}
    text = {
        "places": {"operations": "rest:near", "offsite": "rest:far"},
        "sets": {
            "files": plain,
            "told": {**plain, "about": "echo cluster=7; echo from=1"},
            "empty": {**plain, "about": "true"},
            "broken": {**plain, "about": "echo no key >&2; exit 1"},
        },
    }
    (tmp_path / "FOLDER" / "restic.json").write_text(json.dumps(text))
    monkeypatch.setattr(module.time, "time", lambda: 1700000000.5)
    return module


def answers(program: ModuleType, monkeypatch: pytest.MonkeyPatch, away: str = "") -> list[tuple[str, ...]]:
    """restic, which reaches every place but the one that is away."""
    ran: list[tuple[str, ...]] = []

    def restic(url: str, *arguments: str, seconds: int | None = None) -> Any:
        ran.append((url, arguments[0], *(word for word in arguments if word.startswith("--tag="))))
        return program.subprocess.CompletedProcess([], int(url == away), "", "Fatal: dial tcp: refused\nIs it there?\n")

    monkeypatch.setattr(program, "restic", restic)
    return ran


def test_a_good_copy_is_told_to_monitoring(program: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    answers(program, monkeypatch)
    program.main("files")
    assert (program.METRICS / "im-restic-files-offsite.prom").read_text() == (
        'im_restic_seconds{set="files",place="offsite"} 1700000000\n'
    )


def test_a_place_that_is_away_is_said_after_the_other_has_its_copy(
    program: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = answers(program, monkeypatch, away="rest:near")
    with pytest.raises(SystemExit) as ended:
        program.main("files")
    assert str(ended.value) == "files did not reach operations (rest:near): dial tcp: refused"
    assert ("rest:far", "backup", "--tag=files") in ran
    assert [path.name for path in program.METRICS.iterdir()] == ["im-restic-files-offsite.prom"]


def test_a_copy_says_what_it_holds(program: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = answers(program, monkeypatch)
    program.main("told")
    assert ("rest:far", "backup", "--tag=told", "--tag=cluster=7", "--tag=from=1") in ran


def test_what_holds_nothing_is_not_copied(program: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = answers(program, monkeypatch)
    program.main("empty")
    assert ran == []
    assert list(program.METRICS.iterdir()) == []


def test_what_cannot_be_read_is_not_copied_and_said(program: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = answers(program, monkeypatch)
    with pytest.raises(SystemExit, match="not saved: no key"):
        program.main("broken")
    assert ran == []


def test_only_a_repository_that_is_not_there_is_made(program: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(said: str) -> list[str]:
        ran: list[str] = []

        def restic(url: str, *arguments: str, seconds: int | None = None) -> Any:
            ran.append(arguments[0])
            return program.subprocess.CompletedProcess([], int(arguments[0] == "cat"), "", said)

        monkeypatch.setattr(program, "restic", restic)
        program.saved("rest:near", ["files"], {"paths": [], "without": [], "dumps": {}})
        return ran

    assert asked("Fatal: unable to open config file: <config/> does not exist") == ["cat", "init", "backup"]
    assert asked("Fatal: wrong password or no key found") == ["cat"]


def test_a_place_that_does_not_answer_is_given_up(program: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(command: list[str], **options: Any) -> Any:
        raise program.subprocess.TimeoutExpired(command, options["timeout"])

    monkeypatch.setattr(program.subprocess, "run", run)
    assert program.saved("rest:near", ["files"], {}) == "no answer in 60 s"


def test_a_dump_that_fails_leaves_the_one_of_before(program: ModuleType) -> None:
    (program.DUMPS / "queues").write_text("before")
    assert list(program.dumped({"queues": "echo part >{}; echo no node >&2; exit 1"})) == [
        "queues could not be written: no node"
    ]
    assert (program.DUMPS / "queues").read_text() == "before"
    assert list(program.dumped({"queues": "echo whole >{}"})) == []
    assert (program.DUMPS / "queues").read_text() == "whole\n"
