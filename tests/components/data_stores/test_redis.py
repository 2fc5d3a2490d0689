"""Redis: TLS only, a cache that forgets in the declared way, and passwords apart from the rest."""

import subprocess
from pathlib import Path

import pytest

from components.data_stores.redis import ASK, ASK_SENTINEL, CONFIG, CONFIG_PASSWORD, DROP_IN, MEMBER, ROLE
from tests.recording import as_config, run
from tests.topologies import TEST, recorded


def lines(host: str = "im1") -> list[str]:
    return recorded("test").files(host)[CONFIG].splitlines()


def test_listens_with_tls_on_the_hosts_address_only() -> None:
    assert {"bind 10.77.2.11", "port 0", "tls-port 6379", "tls-replication yes"} <= set(lines())


def test_memory_and_eviction_are_settings() -> None:
    changed = {**TEST, "im:redis": {"memory_megabytes": 99, "eviction": "volatile-ttl"}}
    made = run(as_config(changed), "test").files("im1")[CONFIG].splitlines()
    assert {"maxmemory 99mb", "maxmemory-policy volatile-ttl"} <= set(made)


def test_nothing_is_written_to_disk() -> None:
    assert {'save ""', "appendonly no"} <= set(lines())


@pytest.mark.parametrize(
    ("topology", "host", "first"), [("dev", "dev1", "/etc/redis/redis.conf"), ("test", "im1", "/run/redis/role.conf")]
)
def test_the_declared_file_is_read_last_so_that_it_wins(topology: str, host: str, first: str) -> None:
    start = [line for line in recorded(topology).files(host)[DROP_IN].splitlines() if line.startswith("ExecStart=/")]
    assert start == [f"ExecStart=/usr/bin/redis-server {first} --include {CONFIG} --supervised systemd --daemonize no"]


def test_the_password_stands_in_one_file() -> None:
    files = recorded("test").files("im1")
    assert f"include {CONFIG_PASSWORD}" in lines()
    assert "requirepass ${secret:password}\n" in files[CONFIG_PASSWORD]
    assert "secret" not in files[CONFIG] + files[ASK]


def test_health_is_an_answer_and_not_a_listening_port() -> None:
    healthy = recorded("dev").services["dev1/redis"].inputs["healthy"]
    assert healthy["command"] == f"{ASK} PING | grep -x PONG"


@pytest.mark.parametrize(("topology", "host", "least"), [("test", "im1", 0), ("prod", "ca1", 1)])
def test_writes_need_a_replica_where_one_is_left_after_a_failure(topology: str, host: str, least: int) -> None:
    assert f"min-replicas-to-write {least}\n" in recorded(topology).files(host)[CONFIG]
    assert "min-replicas" not in recorded("dev").files("dev1")[CONFIG]


class Member:
    """The program of im2 in a folder of its own. `sentinel` is what a Sentinel answers: `$2` is its address."""

    def __init__(self, folder: Path, sentinel: str) -> None:
        self.folder, self.role = folder, folder / "role"
        script = recorded("test").files("im2")[MEMBER].replace(ROLE, str(self.role)).replace(ASK, str(folder / "ask"))
        self.script = script.replace(ASK_SENTINEL, str(folder / "password"))
        (folder / "password").write_text("secret\n")
        self.program("redis-cli", f"order=$(cat); echo OK; {sentinel}")
        for name in ("chown", "sleep"):
            self.program(name, "exit 0")

    def program(self, name: str, text: str) -> None:
        (self.folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (self.folder / name).chmod(0o755)

    def run(self, order: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": f"{self.folder}:/usr/bin:/bin"}
        command = ["sh", "-c", self.script, "redis-member", order]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def names(address: str, epoch: int = 1) -> str:
    """What a Sentinel says of the primary."""
    return f'printf "name\\nim\\nip\\n{address}\\nconfig-epoch\\n{epoch}\\n"'


def test_of_what_the_sentinels_say_the_last_election_counts(tmp_path: Path) -> None:
    old_and_new = f"if [ $2 = 10.77.2.13 ]; then {names('10.77.2.11', 12)}; else {names('10.77.2.12', 9)}; fi"
    assert Member(tmp_path, old_and_new).run("primary").stdout == "10.77.2.11\n"


def test_begins_as_a_replica_of_the_primary(tmp_path: Path) -> None:
    member = Member(tmp_path, names("10.77.2.11"))
    assert member.run("seed").returncode == 0
    assert member.role.read_text() == "replicaof 10.77.2.11 6379\n"


def test_before_there_are_sentinels_the_first_host_is_the_primary(tmp_path: Path) -> None:
    member = Member(tmp_path, "exit 1")
    member.run("seed")
    assert member.role.read_text() == "replicaof 10.77.2.11 6379\n"


def test_a_primary_that_was_restarted_lets_a_replica_take_its_place(tmp_path: Path) -> None:
    failover = f"case $order in *FAILOVER*) touch {tmp_path}/moved; echo OK ;; *) "
    later = f"if [ -e {tmp_path}/moved ]; then {names('10.77.2.11', 2)}; else {names('10.77.2.12')}; fi ;; esac"
    member = Member(tmp_path, failover + later)
    assert member.run("seed").returncode == 0
    assert member.role.read_text() == "replicaof 10.77.2.11 6379\n"


def test_a_primary_without_a_replica_begins_as_the_primary(tmp_path: Path) -> None:
    nobody = 'case $order in *FAILOVER*) echo "NOGOODSLAVE No suitable replica" ;; *) '
    member = Member(tmp_path, f"{nobody}{names('10.77.2.12')} ;; esac")
    assert member.run("seed").returncode == 0
    assert member.role.read_text() == ""


def test_a_replica_hands_nothing_over(tmp_path: Path) -> None:
    refuses = f"case $order in *FAILOVER*) touch {tmp_path}/asked ;; *) {names('10.77.2.11')} ;; esac"
    assert Member(tmp_path, refuses).run("hand-over").returncode == 0
    assert not (tmp_path / "asked").exists()


def test_a_primary_that_nobody_replaces_says_so(tmp_path: Path) -> None:
    done = Member(tmp_path, names("10.77.2.12")).run("hand-over")
    assert (done.returncode, done.stderr) == (
        1,
        "im2: the Sentinels did not make another member the primary in 10 s\n",
    )


@pytest.mark.parametrize(
    ("says", "code"), [("role:master", 0), ("master_link_status:up", 0), ("master_link_status:down", 1)]
)
def test_a_replica_is_healthy_once_it_copies(says: str, code: int, tmp_path: Path) -> None:
    member = Member(tmp_path, "exit 1")
    member.program("ask", f"[ \"$1\" = PING ] && echo PONG || printf '{says}\\r\\n'")
    assert member.run("healthy").returncode == code
