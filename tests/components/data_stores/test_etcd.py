"""etcd: who founds the cluster, who joins it, and that data which is gone never founds a second one."""

import socket
import subprocess
from pathlib import Path

import pytest

from components.data_stores.etcd import CA, DROP_IN, ENVIRONMENT, MEMBER
from tests.components.data_stores.scripts import TEMPLATES
from tests.topologies import recorded

SCRIPT = TEMPLATES / "etcd" / "etcd-member.sh"
LISTED = "1a, started, im1, https://10.77.2.11:2380, https://10.77.2.11:2379, false"


def environment(topology: str, host: str) -> dict[str, str]:
    lines = recorded(topology).files(host)[ENVIRONMENT].splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


class Member:
    """A host with this script, and an etcdctl that answers what the test says."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "im"
        self.first_start = folder / "first-start"
        self.programs = folder / "programs"
        self.configuration = folder / "etcd"
        self.programs.mkdir()
        self.program("etcdctl", "exit 1")

    def program(self, name: str, text: str) -> None:
        (self.programs / name).write_text(f"#!/bin/sh\n{text}\n")
        (self.programs / name).chmod(0o755)

    def run(self, command: str, others: str = "", founds: str = "no") -> subprocess.CompletedProcess[str]:
        tls = "ETCD_TRUSTED_CA_FILE=ca\nETCD_CERT_FILE=certificate\nETCD_KEY_FILE=key\n"
        self.configuration.write_text(
            f"ETCD_NAME=im2\nETCD_DATA_DIR={self.data}\nETCD_INITIAL_ADVERTISE_PEER_URLS=https://10.77.2.12:2380\n"
            f"ETCD_ADVERTISE_CLIENT_URLS=https://10.77.2.12:2379\n{tls}OTHER_MEMBERS={others}\nFOUNDS={founds}\n"
        )
        path = f"{self.programs}:/usr/sbin:/usr/bin:/sbin:/bin"
        return subprocess.run(
            ["sh", SCRIPT, command],
            env={"PATH": path, "ETCD_CONFIGURATION": str(self.configuration)},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def member(tmp_path: Path) -> Member:
    return Member(tmp_path)


def test_one_member_founds_alone() -> None:
    assert environment("dev", "dev1")["FOUNDS"] == "yes"
    assert environment("dev", "dev1")["OTHER_MEMBERS"] == ""


def test_the_first_database_host_founds_and_the_others_join_it() -> None:
    assert [environment("test", host)["FOUNDS"] for host in ("im1", "im2", "vote1")] == ["yes", "no", "no"]
    assert environment("test", "vote1")["OTHER_MEMBERS"] == "https://10.77.2.11:2379,https://10.77.2.12:2379"


def test_every_connection_needs_a_certificate() -> None:
    made = environment("test", "im1")
    assert made["ETCD_CLIENT_CERT_AUTH"] == made["ETCD_PEER_CLIENT_CERT_AUTH"] == "true"
    assert {made[name].partition(":")[0] for name in made if name.endswith("_URLS")} == {"https"}


def test_the_api_that_patroni_needs_is_on() -> None:
    assert environment("dev", "dev1")["ETCD_ENABLE_V2"] == "true"


def test_a_start_without_data_is_refused_by_the_unit() -> None:
    service = recorded("dev").services["dev1/etcd"].inputs
    assert f"ExecStartPre={MEMBER} check" in service["files"][DROP_IN]["content"]
    assert CA in service["units"]["etcd.service"]["restart_on"]


def test_data_of_a_member_is_told_by_its_log(member: Member) -> None:
    assert member.run("state").stdout == "no data of a member\n"
    wal = member.data / "member" / "wal"
    wal.mkdir(parents=True)
    assert member.run("state").stdout == "no data of a member\n"
    (wal / "0000000000000000-0000000000000000.wal").touch()
    assert member.run("state").stdout == "member\n"


def test_a_start_without_data_says_what_to_do(member: Member) -> None:
    answer = member.run("check")
    assert answer.returncode == 1
    assert answer.stderr == "im2: has no data of a member; run pulumi up --refresh, and it joins the others again\n"


def test_a_host_that_is_not_the_first_never_founds(member: Member) -> None:
    answer = member.run("join", others="https://10.77.2.11:2379")
    assert answer.returncode == 1
    assert answer.stderr == (
        "im2: no other member answers, and only the first host may found the cluster; start https://10.77.2.11:2379\n"
    )
    assert not member.first_start.exists()


def test_the_first_host_does_not_found_beside_one_that_may_have_a_cluster(member: Member) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}"
        answer = member.run("join", others=url, founds="yes")
    assert answer.returncode == 1
    assert answer.stderr == (f"im2: {url} is not reachable, it may have a cluster already; founding one is refused\n")
    assert not member.first_start.exists()


def prepare_join(member: Member, listed: str) -> str:
    """Lets the member join, with the account of etcd left out; returns what etcdctl was told."""
    told = member.programs.parent / "told"
    member.program("install", 'mkdir -p "$8"')
    member.program("chown", "exit 0")
    member.program(
        "etcdctl",
        f'echo "$*" >>{told}\ncase "$*" in *"member list"*) printf "%s\\n" "{listed}"\n'
        f'grep -q "member add" {told} && echo "2b, unstarted, , https://10.77.2.12:2380, , true" ;; esac\nexit 0',
    )
    answer = member.run("join", others="https://10.77.2.11:2379")
    assert answer.returncode == 0, answer.stderr
    return told.read_text()


def test_a_new_host_joins_without_a_vote_first(member: Member) -> None:
    told = prepare_join(member, LISTED)
    assert "member add im2 --learner --peer-urls=https://10.77.2.12:2380" in told
    assert "member remove" not in told
    assert member.first_start.read_text() == (
        "ETCD_INITIAL_CLUSTER=im1=https://10.77.2.11:2380,im2=https://10.77.2.12:2380\n"
        "ETCD_INITIAL_CLUSTER_STATE=existing\n"
    )
    assert member.run("state").stdout == "member\n"


def test_a_host_rebuilt_empty_leaves_before_it_joins(member: Member) -> None:
    gone = "2a, started, im2, https://10.77.2.12:2380, https://10.77.2.12:2379, false"
    told = prepare_join(member, f"{LISTED}\\n{gone}")
    assert told.index("member remove 2a") < told.index("member add im2 --learner")


def answering(member: Member, *, majority: bool) -> None:
    """A cluster that tells its members, and decides something only with a majority."""
    member.program("etcdctl", f'case "$*" in *"member list"*) echo "{LISTED}" ;; *) exit {int(not majority)} ;; esac')
    for name in ("sleep", "systemctl"):
        member.program(name, "exit 0")


def test_nobody_joins_a_cluster_that_can_decide_nothing(member: Member) -> None:
    answering(member, majority=False)
    answer = member.run("join", others="https://10.77.2.11:2379")
    assert answer.returncode == 1
    assert answer.stderr == (
        "im2: the cluster has lost its majority; start its members, or see what is said of lost hosts in"
        " docs/backups.md\n"
    )


def test_what_is_left_of_a_lost_cluster_goes_aside(member: Member) -> None:
    (member.data / "member" / "wal").mkdir(parents=True)
    answering(member, majority=False)
    assert member.run("abandon").returncode == 0
    assert [path.name[:5] for path in member.data.iterdir()] == ["left-"]


def test_a_cluster_with_its_majority_is_not_abandoned(member: Member) -> None:
    (member.data / "member" / "wal").mkdir(parents=True)
    answering(member, majority=True)
    answer = member.run("abandon")
    assert answer.stderr == "im2: the cluster has its majority; a member leaves it when the stack file says so\n"
    assert (member.data / "member" / "wal").exists()


def test_the_last_member_has_nobody_to_leave(member: Member) -> None:
    (member.data / "member" / "wal").mkdir(parents=True)
    member.program("etcdctl", f'case "$*" in *10.77.2.11*) exit 1 ;; *) echo "{LISTED}" ;; esac')
    assert member.run("leave", others="https://10.77.2.11:2379").returncode == 0
    assert (member.data / "member" / "wal").exists()


def test_what_a_member_leaves_behind_is_kept_aside(member: Member) -> None:
    (member.data / "member" / "wal").mkdir(parents=True)
    told = member.programs.parent / "told"
    own = "2a, started, im2, https://10.77.2.12:2380, https://10.77.2.12:2379, false"
    member.program("etcdctl", f'echo "$*" >>{told}\nprintf "%s\\n" "{LISTED}" "{own}"')
    member.program("systemctl", "exit 0")
    answer = member.run("leave", others="https://10.77.2.11:2379")
    assert answer.returncode == 0, answer.stderr
    assert "member remove 2a" in told.read_text()
    assert [path.name[:5] for path in member.data.iterdir()] == ["left-"]


def test_a_member_that_the_others_need_for_their_majority_stays(member: Member) -> None:
    (member.data / "member" / "wal").mkdir(parents=True)
    own = "2a, started, im2, https://10.77.2.12:2380, https://10.77.2.12:2379, false"
    refusal = "Error: etcdserver: re-configuration failed due to not enough started members"
    member.program(
        "etcdctl",
        f'case "$*" in *"member list"*) printf "%s\\n" "{LISTED}" "{own}" ;; *) echo "{refusal}" >&2; exit 1 ;; esac',
    )
    member.program("systemctl", f"touch {member.programs.parent}/stopped")
    answer = member.run("leave", others="https://10.77.2.11:2379")
    assert (answer.returncode, answer.stderr) == (1, f"{refusal}\n")
    assert (member.data / "member" / "wal").exists()
    assert not (member.programs.parent / "stopped").exists()


def test_a_member_that_nobody_declares_is_forgotten_once_it_does_not_answer(member: Member) -> None:
    told = member.programs.parent / "told"
    own = "2a, started, im2, https://10.77.2.12:2380, https://10.77.2.12:2379, false"
    runs = "3a, started, im3, https://10.77.2.13:2380, https://10.77.2.13:2379, false"
    dead = "4a, started, im4, https://10.77.2.14:2380, https://10.77.2.14:2379, false"
    member.program(
        "etcdctl",
        f'echo "$*" >>{told}\ncase "$*" in *"member list"*) printf "%s\\n" "{LISTED}" "{own}" "{runs}" "{dead}" ;;\n'
        "*10.77.2.14:2379*) exit 1 ;; esac",
    )
    assert member.run("strangers", others="https://10.77.2.11:2379").stdout == "im4\n"
    assert member.run("forget", others="https://10.77.2.11:2379").returncode == 0
    assert [line[-17:] for line in told.read_text().splitlines() if "remove" in line] == [" member remove 4a"]


def test_declared_members_are_never_forgotten(member: Member) -> None:
    member.program("etcdctl", f'case "$*" in *"member list"*) echo "{LISTED}" ;; *) exit 1 ;; esac')
    assert member.run("strangers", others="https://10.77.2.11:2379").stdout == "none\n"


def test_members_that_cannot_be_listed_are_no_answer(member: Member) -> None:
    answer = member.run("strangers")
    assert (answer.returncode, answer.stdout) == (1, "")
    assert answer.stderr == "im2: etcd does not tell its members\n"
