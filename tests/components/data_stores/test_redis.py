"""Redis: TLS only, a cache that forgets in the declared way, and passwords apart from the rest."""

from components.data_stores.redis import ASK, CONFIG, CONFIG_PASSWORD, DROP_IN
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


def test_the_declared_file_is_read_last_so_that_it_wins() -> None:
    start = [line for line in recorded("test").files("im1")[DROP_IN].splitlines() if line.startswith("ExecStart=/")]
    assert start == [
        f"ExecStart=/usr/bin/redis-server /etc/redis/redis.conf --include {CONFIG} --supervised systemd --daemonize no"
    ]


def test_the_password_stands_in_one_file() -> None:
    files = recorded("test").files("im1")
    assert f"include {CONFIG_PASSWORD}" in lines()
    assert "requirepass ${secret:password}\n" in files[CONFIG_PASSWORD]
    assert "secret" not in files[CONFIG] + files[ASK]


def test_health_is_an_answer_and_not_a_listening_port() -> None:
    healthy = recorded("test").services["im1/redis"].inputs["healthy"]
    assert healthy["command"] == f"{ASK} PING | grep -x PONG"
