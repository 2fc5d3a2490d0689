"""pgBackRest: who copies from whom, who may connect, and what is told of it."""

import os
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import yaml

from components.data_stores.postgresql_files import ARCHIVE_AGAIN, FOUNDING, PATRONI
from components.network.firewall import RULES
from components.operations.backups import REPOSITORY
from components.operations.pgbackrest import CIPHER, CONFIG, SERVER
from components.operations.pgbackrest_schedule import ARCHIVE, BACKUP, timer, unit_file
from components.problems import SettingsError
from tests.components.data_stores.scripts import load
from tests.recording import as_config, run, settings_of
from tests.topologies import recorded

PEER = """
pg{number}-host={address}
pg{number}-host-type=tls
pg{number}-host-port=8432
pg{number}-host-ca-file=/etc/pgbackrest/ca.pem
pg{number}-host-cert-file=/etc/pgbackrest/certificate.pem
pg{number}-host-key-file=/etc/pgbackrest/key.pem
"""


def text(path: str, host: str) -> str:
    return recorded("backups").files(host)[path]


def section(host: str) -> str:
    return text(CONFIG, host).partition("[im]\n")[2]


def test_a_stack_has_no_backups_until_it_says_so() -> None:
    assert not [name for name in recorded("prod").services if "pgbackrest" in name or "restic" in name]
    assert "archive" not in recorded("prod").files("db1")[FOUNDING]


def test_each_member_sends_its_log_within_the_time_that_is_set() -> None:
    shared = yaml.safe_load(text(FOUNDING, "im2"))["bootstrap"]["dcs"]["postgresql"]["parameters"]
    assert {name: value for name, value in shared.items() if name.startswith("archive")} == {
        "archive_mode": "on",
        "archive_command": "pgbackrest --stanza=im archive-push %p",
        "archive_timeout": "20s",
    }


def test_the_keeper_fetches_from_every_member() -> None:
    peers = [PEER.format(number=number, address=f"10.77.2.1{number}") for number in (1, 2)]
    data = "/var/lib/postgresql/15/im"
    assert section("vote1") == f"pg1-path={data}{peers[0]}pg2-path={data}{peers[1]}"


def test_a_member_knows_itself_and_the_keeper() -> None:
    assert section("im2") == "pg1-path=/var/lib/postgresql/15/im\n"
    assert "repo1-host=10.77.2.13\nrepo1-host-type=tls\n" in text(CONFIG, "im2")
    assert "repo1-path" not in text(CONFIG, "im2")


def test_members_and_keeper_let_in_each_other_and_nobody_else() -> None:
    def allowed(host: str) -> list[str]:
        return [line for line in text(CONFIG, host).splitlines() if line.startswith("tls-server-auth")]

    assert allowed("vote1") == ["tls-server-auth=im1=im", "tls-server-auth=im2=im"]
    assert allowed("im1") == ["tls-server-auth=vote1=im"]
    assert 'ip saddr @operations4 tcp dport { 8432 } accept comment "pgbackrest backups"' in text(RULES, "im1")
    assert 'ip saddr @database4 tcp dport { 8432 } accept comment "pgbackrest log"' in text(RULES, "vote1")


def test_one_host_with_every_role_needs_no_server() -> None:
    program = run(as_config({**one_host(), "im:backups": {"enabled": True}}))
    assert program.services["dev1/pgbackrest"].inputs["units"][SERVER] == {
        "running": False,
        "enabled": False,
        "reload_on": [CONFIG, "/etc/pgbackrest/ca.pem", "/etc/pgbackrest/certificate.pem", "/etc/pgbackrest/key.pem"],
        "restart_on": [],
    }
    assert "-host" not in program.files("dev1")[CONFIG]


def one_host() -> dict[str, Any]:
    return {
        "onprem:hosts": {"dev1": {"address": "10.77.1.11"}},
        "im:domain": "chat.dev.test",
        "im:roles": {role: ["dev1"] for role in ("load_balancer", "im", "database", "queue", "cache", "operations")},
        "im:administrators": {"networks": ["10.77.1.1/32"]},
    }


def test_the_cipher_is_a_secret_that_only_its_user_reads() -> None:
    file = recorded("backups").services["vote1/pgbackrest"].inputs["files"][CIPHER]
    assert (file["mode"], file["owner"]) == ("0600", "postgres")
    assert file["content"].endswith("[global]\nrepo1-cipher-pass=${secret:cipher}\n")
    assert "repo1-cipher-type=aes-256-cbc\n" in text(CONFIG, "im1")


def test_backups_start_on_the_keeper_only() -> None:
    assert f"{timer('full')}" in recorded("backups").services["vote1/pgbackrest"].inputs["units"]
    assert set(recorded("backups").services["im1/pgbackrest"].inputs["units"]) == {SERVER, f"{ARCHIVE}.timer"}
    assert "\nOnCalendar=Sun *-*-* 01:10:00\n" in text(unit_file(timer("full")), "vote1")
    assert (
        f' run %i im {REPOSITORY} "host=im1,im2 port=5432 dbname=im user=backup_reader target_session_attrs=primary'
        " connect_timeout=10 sslmode=verify-full sslrootcert=/etc/pgbackrest/ca.pem"
        ' sslcert=/etc/pgbackrest/certificate.pem sslkey=/etc/pgbackrest/key.pem" /etc/pgbackrest/ca.pem'
        " https://10.77.2.11:8008 https://10.77.2.12:8008\n"
    ) in text(unit_file(BACKUP), "vote1")


def test_who_counts_logs_in_from_the_keeper_with_its_certificate_and_reads_only() -> None:
    access = yaml.safe_load(text(PATRONI, "im2"))["postgresql"]
    assert "hostssl im backup_reader 10.77.2.13/32 cert map=backups" in access["pg_hba"]
    assert "backups vote1 backup_reader" in access["pg_ident"]
    step = recorded("backups").services["im2/postgresql"].inputs["steps"]["role backup_reader"]
    assert step["want"] == "reads everything"
    assert "backup_reader" not in recorded("prod").files("db1")[PATRONI]


def test_a_new_primary_sends_again_what_the_old_one_may_have_kept(tmp_path: Path) -> None:
    marks, piece = tmp_path / "pg_wal" / "archive_status", "00000001000000000000000A"
    marks.mkdir(parents=True)
    (tmp_path / "pg_wal" / piece).touch()
    for mark in (f"{piece}.done", "000000010000000000000009.done", "00000002.history.done"):
        (marks / mark).touch()
    again = load("postgresql/archive_again.py")
    again.main(str(tmp_path), "replica")
    assert not list(marks.glob("*.ready"))
    again.main(str(tmp_path), "master")
    assert [mark.name for mark in marks.glob("*.ready")] == [f"{piece}.ready"]


def test_patroni_tells_a_member_of_its_role_where_there_are_backups() -> None:
    callbacks = {"on_role_change": f"{ARCHIVE_AGAIN} /var/lib/postgresql/15/im"}
    assert yaml.safe_load(text(PATRONI, "im2"))["postgresql"]["callbacks"] == callbacks
    assert ARCHIVE_AGAIN in recorded("backups").files("im2")
    assert ARCHIVE_AGAIN not in recorded("prod").files("db1")


@pytest.fixture
def program() -> ModuleType:
    return load("pgbackrest/postgresql_backup.py")


@pytest.mark.parametrize(
    ("replicas", "source"), [([False, True], "--backup-standby"), ([False, False], "--no-backup-standby")]
)
def test_a_replica_is_read_when_there_is_one(
    program: ModuleType, monkeypatch: pytest.MonkeyPatch, replicas: list[bool], source: str
) -> None:
    ran: list[tuple[str, ...]] = []
    monkeypatch.setattr(program.ssl, "create_default_context", lambda cafile: None)
    monkeypatch.setattr(program, "is_replica", lambda member, context: replicas[int(member)])
    monkeypatch.setattr(program, "pgbackrest", lambda *words: ran.append(words))
    monkeypatch.setattr(program, "record", lambda *words: ran.append(words))
    program.run("full", "im", "/", "host=im1", "ca.pem", "0", "1")
    assert ran == [("im", "--type=full", source, "--log-level-console=info", "backup"), ("im", "host=im1")]


def test_a_backup_that_fails_tells_what_room_there_is(program: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program.ssl, "create_default_context", lambda cafile: None)
    monkeypatch.setattr(program, "pgbackrest", lambda *words: 82)
    monkeypatch.setattr(program.shutil, "disk_usage", lambda folder: SimpleNamespace(free=3 * 2**20))
    with pytest.raises(SystemExit) as ended:
        program.run("full", "im", "/copies", "host=im1", "ca.pem")
    assert str(ended.value) == "no backup: pgBackRest ended with 82; /copies has 3 MB of room left"


def test_what_there_was_goes_with_the_newest_backup_once_its_log_is_there(
    program: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[tuple[str, ...]] = []
    answers = iter(('{"lsn": "0/1",\n "tables": {}}', "", "f", "t"))
    monkeypatch.setattr(program, "psql", lambda connection, *words: next(answers))
    monkeypatch.setattr(program.time, "sleep", lambda _: None)
    monkeypatch.setattr(program, "known", lambda stanza: [{"backup": [{"label": "old"}, {"label": "new"}]}])
    monkeypatch.setattr(program, "pgbackrest", lambda *words: ran.append(words))
    program.record("im", "host=im1")
    assert list(answers) == []
    assert ran == [("im", "--set=new", '--annotation=facts={"lsn":"0/1","tables":{}}', "annotate")]


def test_a_log_that_does_not_come_is_said(program: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter((0, 601))
    monkeypatch.setattr(program, "psql", lambda connection, *words: "f")
    monkeypatch.setattr(program.time, "monotonic", lambda: next(clock))
    with pytest.raises(SystemExit, match="the log of its moment has not come within 600 s"):
        program.wait_for_log("host=im1", "0/1")


def test_a_backup_that_was_not_counted_is_said(program: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = program.subprocess.CompletedProcess([], 2, "", "no route\n")
    monkeypatch.setattr(program.subprocess, "run", lambda command, **options: answer)
    with pytest.raises(SystemExit) as ended:
        program.record("im", "host=im1")
    assert str(ended.value) == "the backup is made, but what it has could not be counted: no route"


def backup(kind: str, stop: int, *, error: bool = False) -> dict[str, Any]:
    return {"type": kind, "error": error, "timestamp": {"start": stop - 1, "stop": stop}}


def test_monitoring_is_told_of_good_backups_only(program: ModuleType) -> None:
    found = [{"backup": [backup("full", 100), backup("incr", 200), backup("full", 300, error=True)]}]
    assert list(program.figures(found)) == [
        'im_postgresql_backup_seconds{kind="any"} 200\n',
        'im_postgresql_backup_seconds{kind="full"} 100\n',
    ]


def test_without_a_good_backup_the_last_figures_stay(
    program: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    answer = program.subprocess.CompletedProcess([], 0, '[{"backup": []}]', "")
    monkeypatch.setattr(program.subprocess, "run", lambda *args, **options: answer)
    (tmp_path / "figures.prom").write_text("before")
    program.tell("im", str(tmp_path / "figures.prom"))
    assert (tmp_path / "figures.prom").read_text() == "before"


def test_the_oldest_piece_that_waits_is_told(
    program: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    figure, marks = tmp_path / "metrics" / "archive.prom", tmp_path / "pg_wal" / "archive_status"
    marks.mkdir(parents=True)
    monkeypatch.setattr(program.time, "time", lambda: 1000)
    program.waiting(str(tmp_path), str(figure))
    assert figure.read_text() == "im_postgresql_archive_waiting_seconds 0\n"
    for name, written in (("1.ready", 900), ("2.ready", 950), ("0.done", 100)):
        (marks / name).touch()
        os.utime(marks / name, (written, written))
    program.waiting(str(tmp_path), str(figure))
    assert figure.read_text() == "im_postgresql_archive_waiting_seconds 100\n"


def test_a_repository_that_does_not_answer_is_said(program: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = program.subprocess.CompletedProcess([], 49, "", "unable to connect\n")
    monkeypatch.setattr(program.subprocess, "run", lambda *args, **options: answer)
    with pytest.raises(SystemExit) as ended:
        program.tell("im", "/nowhere")
    assert str(ended.value) == "pgBackRest does not tell what it has: unable to connect"


def refusal(changes: Mapping[str, Any]) -> str:
    with pytest.raises(SettingsError) as refused:
        settings_of(as_config({**one_host(), "im:backups": {"enabled": True}, **changes}))
    return str(refused.value)


def test_refuses_archiving_of_the_sites_own_beside_it() -> None:
    assert refusal({"im:postgresql": {"parameters": {"archive_command": "cp %p /srv"}}}) == (
        "im:postgresql.parameters.archive_command: is not free to set with im:backups.enabled; remove it, the log goes"
        " to the backup repository"
    )


def test_refuses_backups_without_a_host_that_keeps_them() -> None:
    roles = {role: hosts for role, hosts in one_host()["im:roles"].items() if role != "operations"}
    assert refusal({"im:roles": roles}) == (
        "im:roles.operations: missing, and im:backups.enabled is true; name the host that keeps the copies"
    )


def test_a_copy_is_told_what_the_repository_holds(
    program: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    backups = [
        {"label": name, "error": error, "timestamp": {"stop": stop}}
        for name, error, stop in (("1F", False, 10), ("2I", False, 20), ("3I", True, 30))
    ]
    found = [{"db": [{"system-id": 7}], "backup": backups}]
    monkeypatch.setattr(program, "known", lambda stanza, *before: found)
    program.about("im")
    assert capsys.readouterr().out == "cluster=7\nfrom=10\nbackup=2I\n"
    found[0]["backup"] = []
    program.about("im")
    assert capsys.readouterr().out == ""


def test_the_keepers_repository_is_filled_before_a_new_one_is_made() -> None:
    step = recorded("backups").services["vote1/pgbackrest"].inputs["steps"]["repository"]
    fill, create = step["act"].split(" && { ")
    assert fill.startswith("/usr/local/lib/im/postgresql-restore fill 'host=im1,im2 port=5432 dbname=im ")
    assert create == (
        "cd / && runuser -u postgres -- pgbackrest info --stanza=im --output=json"
        ' | grep -q \'"code":[02],"message"\''
        " || { cd / && runuser -u postgres -- pgbackrest --stanza=im stanza-create; }; }"
        " && cd / && runuser -u postgres -- pgbackrest --stanza=im check"
    )


def test_without_a_copy_offsite_a_new_repository_is_made_at_once() -> None:
    program = run(as_config({**one_host(), "im:backups": {"enabled": True}}))
    act = program.services["dev1/pgbackrest"].inputs["steps"]["repository"]["act"]
    assert act.startswith("{ cd / && runuser -u postgres -- pgbackrest info --stanza=im")
