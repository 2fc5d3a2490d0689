"""RabbitMQ: TLS only, what is declared in it, and how drift of it reads."""

import base64
import hashlib
import json
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from components.data_stores.rabbitmq import (
    CONFIG,
    DEFINITIONS,
    DROP_IN,
    ENVIRONMENT,
    MEMBER,
    PORT_MAPPER,
)
from components.data_stores.rabbitmq_settings import RabbitMQSettings
from tests.components.data_stores.scripts import load
from tests.recording import as_config, run
from tests.topologies import TEST, recorded

PASSWORD = "an example of a password"


def service(topology: str, host: str) -> Mapping[str, Any]:
    return recorded(topology).services[f"{host}/rabbitmq"].inputs


def settings(topology: str, host: str) -> dict[str, str]:
    found = [line for line in recorded(topology).files(host)[CONFIG].splitlines() if " = " in line]
    return dict(line.split(" = ", 1) for line in found)


def test_listens_with_tls_on_the_hosts_address_only() -> None:
    listeners = {name: value for name, value in settings("dev", "dev1").items() if name.startswith("listeners.")}
    assert listeners == {"listeners.tcp": "none", "listeners.ssl.1": "10.77.1.11:5671"}


def test_one_member_looks_for_no_others() -> None:
    assert not [name for name in settings("dev", "dev1") if name.startswith("cluster_formation")]
    assert set(service("dev", "dev1")["steps"]) == {"definitions"}


def test_members_find_each_other_and_a_split_heals_by_itself() -> None:
    made = settings("test", "im2")
    assert made["cluster_partition_handling"] == "autoheal"
    nodes = [made[f"cluster_formation.classic_config.nodes.{number}"] for number in (1, 2, 3)]
    assert nodes == ["rabbit@10.77.2.12", "rabbit@10.77.2.11", "rabbit@10.77.2.13"]
    assert set(service("test", "im2")["steps"]) == {
        *("membership", "no member that is gone", "replicas", "definitions", "accepted")
    }
    assert "FIRST_MEMBER=10.77.2.11\n" in recorded("test").files("im2")[ENVIRONMENT]


def test_members_prove_who_they_are() -> None:
    environment = recorded("test").files("im1")[ENVIRONMENT]
    assert environment.count("-proto_dist inet_tls") == 2
    assert "inet_dist_use_interface {10,77,2,11} " in environment


def test_the_port_mapper_is_masked_before_the_package_could_start_it() -> None:
    files = service("dev", "dev1")["files"]
    assert [(files[path]["content"], files[path]["early"]) for path in PORT_MAPPER] == [("", True), ("", True)]


def test_queues_are_quorum_queues_with_the_declared_limits() -> None:
    changed = {**TEST, "im:rabbitmq": {"queues": {"audit": {"max_length": 7}, "events": {}}}}
    made = json.loads(run(as_config(changed), "test").files("im1")[DEFINITIONS])
    assert [queue["name"] for queue in made["queues"]] == ["audit", "events"]
    assert made["queues"][0]["arguments"] == {
        "x-queue-type": "quorum",
        "x-max-length": 7,
        "x-overflow": "reject-publish",
    }


def test_a_name_that_rabbitmq_keeps_for_itself_is_refused() -> None:
    with pytest.raises(ValueError, match="'amq.x' is no name for a queue; use letters, digits, dots and hyphens"):
        RabbitMQSettings.model_validate({"queues": {"amq.x": {}}})


@pytest.fixture
def order(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    module = load("rabbitmq/rabbitmq_order.py")
    (tmp_path / "password").write_text(f"{PASSWORD}\n")
    (tmp_path / "declared").write_text(recorded("dev").files("dev1")[DEFINITIONS])
    monkeypatch.setattr(module, "PASSWORD", tmp_path / "password")
    monkeypatch.setattr(module, "DECLARED", tmp_path / "declared")
    return module


def exported(**changes: Any) -> dict[str, Any]:
    """What RabbitMQ exports once everything is as declared."""
    hashed = base64.b64encode(b"salt" + hashlib.sha256(b"salt" + PASSWORD.encode()).digest()).decode()
    declared = json.loads(recorded("dev").files("dev1")[DEFINITIONS])
    return {
        **declared,
        "users": [{"name": "im", "password_hash": hashed, "tags": []}],
        "vhosts": [{"name": "/"}, {"name": "im", "default_queue_type": "quorum"}],
        "queues": [*declared["queues"], {**declared["queues"][0], "name": "made by a client"}],
        **changes,
    }


def shown(
    order: ModuleType, definitions: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> list[str]:
    monkeypatch.setattr(order, "live", lambda: definitions)
    order.show()
    return capsys.readouterr().out.splitlines()


def test_the_step_reads_what_the_program_declares(
    order: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    want = service("dev", "dev1")["steps"]["definitions"]["want"]
    assert shown(order, exported(), monkeypatch, capsys) == want.splitlines()


def test_drift_is_one_line(
    order: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    declared = shown(order, exported(), monkeypatch, capsys)
    ours, guest = exported()["users"][0], {"name": "guest", "password_hash": "", "tags": ["administrator"]}
    found = shown(order, exported(users=[ours, guest]), monkeypatch, capsys)
    assert set(found) - set(declared) == {"user guest: not declared"}
    found = shown(order, exported(users=[{**ours, "password_hash": "c2FsdHg="}]), monkeypatch, capsys)
    assert set(found) - set(declared) == {"user im: login is refused"}
    found = shown(order, exported(users=[{**ours, "tags": ["administrator"]}]), monkeypatch, capsys)
    assert set(found) - set(declared) == {"user im: with tags that are not declared"}
    found = shown(order, exported(queues=[]), monkeypatch, capsys)
    assert [line[:6] for line in set(declared) - set(found)] == ["queue:"]


def test_nothing_undeclared_keeps_a_login(order: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[str, ...]] = []
    monkeypatch.setattr(order, "live", lambda: exported(users=[{"name": "guest"}], vhosts=[{"name": "/"}]))
    monkeypatch.setattr(order, "rabbitmqctl", lambda *words, stdin="": told.append((*words, stdin)))
    order.apply()
    assert told == [
        ("add_vhost", "im", "--default-queue-type", "quorum", ""),
        ("add_user", "im", f"{PASSWORD}\n"),
        ("set_user_tags", "im", ""),
        ("delete_user", "guest", ""),
        ("import_definitions", str(order.DECLARED), ""),
    ]


NOT_REACHED = """\
Error: unable to perform an operation on node 'rabbit@10.77.1.11'.

Most common reasons for this are:

 * Target node is unreachable
"""


@pytest.mark.parametrize(("failures", "calls"), [([69, 69], 3), ([69, 69, 69], 3), ([70], 1)])
def test_a_member_that_was_not_reached_is_asked_again(
    order: ModuleType, monkeypatch: pytest.MonkeyPatch, failures: list[int], calls: int
) -> None:
    told, answers = [], iter([*failures, 0])

    def answer(command: list[str], **how: Any) -> subprocess.CompletedProcess[str]:
        told.append(command)
        status = next(answers)
        return subprocess.CompletedProcess(command, status, "im\n", NOT_REACHED if status else "")

    monkeypatch.setattr(order.subprocess, "run", answer)
    if calls > len(failures):
        assert order.rabbitmqctl("list_vhosts") == "im\n"
    else:
        with pytest.raises(SystemExit) as ended:
            order.rabbitmqctl("list_vhosts")
        said = "rabbitmqctl list_vhosts: Error: unable to perform an operation on node 'rabbit@10.77.1.11'."
        assert str(ended.value) == said
    assert told == [["rabbitmqctl", "-q", "list_vhosts"]] * calls


@pytest.mark.parametrize(
    ("status", "message"),
    [
        ({"listeners": [{"port": 25672}], "alarms": []}, "RabbitMQ does not listen on port 5671"),
        (
            {"listeners": [{"port": 5671}], "alarms": ["free disk"]},
            'RabbitMQ makes publishers wait: ["free disk"]',
        ),
    ],
)
def test_a_member_that_does_not_serve_is_not_healthy(
    order: ModuleType, monkeypatch: pytest.MonkeyPatch, status: dict[str, Any], message: str
) -> None:
    monkeypatch.setattr(order, "rabbitmqctl", lambda *words: json.dumps(status))
    with pytest.raises(SystemExit) as ended:
        order.healthy("5671")
    assert str(ended.value) == message


class Member:
    """The program of im2 in a folder of its own, with a rabbitmqctl that notes what it is told."""

    def __init__(self, folder: Path, accepted: bool) -> None:
        self.folder, self.data = folder, folder / "mnesia" / "rabbit@10.77.2.12"
        self.data.mkdir(parents=True)
        (self.data / "schema.DAT").touch()
        (folder / "env").write_text(recorded("test").files("im2")[ENVIRONMENT])
        script = recorded("test").files("im2")[MEMBER].replace(ENVIRONMENT, str(folder / "env"))
        self.script = script.replace("/var/lib/rabbitmq", str(folder))
        if accepted:
            (folder / "im-accepted").touch()
        knows = 'case "$*" in *eval*) echo enough ;; *cluster_status*) echo "\\"rabbit@10.77.2.12\\"" ;; esac'
        (folder / "python3").symlink_to("/bin/true")
        for name in ("rabbitmqctl", "rabbitmq-queues", "systemctl"):
            (folder / name).write_text(f'#!/bin/sh\necho "{name} $*" >>{folder}/told\n{knows}\n')
            (folder / name).chmod(0o755)

    def run(self, order: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": f"{self.folder}:/usr/bin:/bin"}
        command = ["sh", "-c", self.script, "rabbitmq-member", order]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    def told(self, order: str) -> list[str]:
        """What it orders, without its questions."""
        assert self.run(order).returncode == 0
        told = (self.folder / "told").read_text() if (self.folder / "told").exists() else ""
        return [
            line
            for line in told.splitlines()
            if re.match("(rabbitmq-queues|rabbitmqctl -q (stop|reset)|systemctl)", line)
        ]


DEPARTS = [
    "rabbitmq-queues -q shrink rabbit@10.77.2.12",
    "rabbitmqctl -q stop_app",
    "rabbitmqctl -q reset",
]


def test_a_member_whose_first_deployment_fails_leaves_as_it_is_stopped(tmp_path: Path) -> None:
    assert Member(tmp_path, accepted=False).told("stopping") == DEPARTS


def test_an_accepted_member_stays_one_when_it_is_stopped(tmp_path: Path) -> None:
    assert Member(tmp_path, accepted=True).told("stopping") == []


def test_a_member_leaves_before_it_stops_so_that_one_of_two_keeps_its_majority(tmp_path: Path) -> None:
    member = Member(tmp_path, accepted=True)
    assert member.told("leave") == [*DEPARTS, "systemctl stop rabbitmq-server.service"]
    assert not (tmp_path / "im-accepted").exists()
    assert not member.data.exists()


def test_a_member_does_not_leave_others_without_a_majority(tmp_path: Path) -> None:
    member = Member(tmp_path, accepted=True)
    one_is_down = (
        '#!/bin/sh\ncase "$*" in *eval*) echo "\'1 of 2\'" ;; *cluster_status*) echo \'"rabbit@10.77.2.12"\' ;; esac\n'
    )
    (tmp_path / "rabbitmqctl").write_text(one_is_down)
    done = member.run("leave")
    assert (done.returncode, done.stderr) == (
        1,
        "rabbit@10.77.2.12: 1 of 2 other members run, no majority; start them before this one leaves\n",
    )
    assert not (tmp_path / "told").exists()


def test_what_is_left_of_a_lost_cluster_goes_aside(tmp_path: Path) -> None:
    member = Member(tmp_path, accepted=True)
    (tmp_path / "python3").unlink()
    (tmp_path / "python3").symlink_to("/bin/false")
    assert member.told("abandon") == ["systemctl stop rabbitmq-server.service"]
    assert not member.data.exists()


def test_a_cluster_that_runs_is_not_abandoned(tmp_path: Path) -> None:
    member = Member(tmp_path, accepted=True)
    done = member.run("abandon")
    assert done.stderr == ("rabbit@10.77.2.12: rabbit@10.77.2.11 runs; a member leaves when the stack file says so\n")
    assert member.data.exists()


def test_a_member_that_nobody_declares_is_forgotten_once_it_does_not_run(tmp_path: Path) -> None:
    member, told = Member(tmp_path, accepted=True), tmp_path / "told"
    gone = f"""#!/bin/sh\ncase "$*" in *eval*) echo "'rabbit@a rabbit@b'" ;; *) echo "$*" >>{told} ;; esac\n"""
    (tmp_path / "rabbitmqctl").write_text(gone)
    assert member.run("strangers").stdout == "rabbit@a rabbit@b\n"
    assert member.run("forget").returncode == 0
    assert told.read_text().splitlines() == ["-q forget_cluster_node rabbit@a", "-q forget_cluster_node rabbit@b"]


def test_nobody_is_forgotten_while_all_members_are_declared(tmp_path: Path) -> None:
    member = Member(tmp_path, accepted=True)
    (tmp_path / "rabbitmqctl").write_text("#!/bin/sh\necho \"''\"\n")
    assert member.run("strangers").stdout == "none\n"
    (tmp_path / "rabbitmqctl").write_text("#!/bin/sh\nexit 1\n")
    assert member.run("strangers").returncode == 1


def test_acceptance_is_the_last_step() -> None:
    assert set(service("test", "im2")["steps"]["accepted"]["after"]) == {"definitions", "replicas"}
    assert "ExecStop=\nExecStop=+/usr/local/lib/im/rabbitmq-member stopping\n" in recorded("test").files("im2")[DROP_IN]
    assert "stopping" not in recorded("dev").files("dev1")[DROP_IN]


def test_an_existing_node_keeps_its_name_its_data_and_other_users(
    order: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    existing = {"host_names": True, "other_users": ["shop"]}
    program = run(as_config({**TEST, "im:rabbitmq": existing}), "test")
    environment = program.files("im1")["/etc/rabbitmq/rabbitmq-env.conf"]
    step = program.services["im1/rabbitmq"].inputs["steps"]["definitions"]
    ours, shop = exported()["users"][0], {"name": "shop", "password_hash": "", "tags": ["administrator"]}

    assert "USE_LONGNAME=false\nNODENAME=rabbit@im1\n" in environment
    assert 'OTHER_MEMBERS="im2 vote1"\nFIRST_MEMBER=im1\n' in environment
    assert (step["read"][-5:], step["act"][-5:]) == (" shop", " shop")
    monkeypatch.setattr(order, "live", lambda: exported(users=[ours, shop]))
    order.show("shop")
    assert capsys.readouterr().out.splitlines() == step["want"].splitlines()


@pytest.mark.parametrize("name", ["guest", "im", "a b"])
def test_a_user_that_everybody_knows_cannot_stay(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} cannot stay as a user; name others by letters"):
        RabbitMQSettings(other_users=(name,))


@pytest.mark.parametrize(
    ("known", "told"), [("12", ["-q -n rabbit@10.77.2.11 forget_cluster_node rabbit@10.77.2.12"]), ("13", [])]
)
def test_only_who_the_others_count_on_is_forgotten_before_it_joins(tmp_path: Path, known: str, told: list[str]) -> None:
    member, noted = Member(tmp_path, accepted=False), tmp_path / "noted"
    noted.touch()
    knows = f"""*cluster_status*) echo '"rabbit@10.77.2.{known}"' ;; *forget*) echo "$*" >>{noted} ;;"""
    (tmp_path / "rabbitmqctl").write_text(f'#!/bin/sh\ncase "$*" in {knows} esac\n')
    assert member.run("admit").returncode == 0
    assert noted.read_text().splitlines() == told
