"""Settings told by files of hosts."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from commands.adopt.probes import CHRONY, HAPROXY, HOSTS, JOURNAL, POSTGRESQL, REDIS
from commands.adopt.settings import proposed
from tests.scripts.adopt.stocks import stock

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOOD5NqvDVsr35uniraQMFqfOMmQtaNRGB91PWcwq1cc carol"
CONFIG: Mapping[str, Any] = {
    "onprem:hosts": {"one": {"address": "192.0.2.11", "user": "ops"}},
    "im:roles": {role: ["one"] for role in ("load_balancer", "im", "database", "queue", "cache")},
    "im:administrators": {"networks": ["192.0.2.0/24"]},
}


def told(texts: Mapping[str, str], **more: Any) -> dict[str, Any]:
    """What one host proposes beyond requirements."""
    return {
        key: value for key, value in proposed(CONFIG, {"one": stock(texts, **more)}).items() if key != "im:requirements"
    }


TOLD: Sequence[tuple[str, str, Mapping[str, Any]]] = (
    (CHRONY, "server a iburst\nserver b\n", {"im:time": {"servers": ["a", "b"]}}),
    (CHRONY, "server a\npool b\n", {}),
    (
        HOSTS,
        "127.0.1.1 x\n192.0.2.11 one\n192.0.2.99 backup b # of us\n",
        {"im:system": {"extra_hosts": {"192.0.2.99": ["backup", "b"]}}},
    ),
    (JOURNAL, "#SystemMaxUse=1M\nSystemMaxUse=500M\n", {"im:system": {"journal_max_mb": 500}}),
    (HAPROXY, "global\n    maxconn 3000\n", {"im:haproxy": {"max_connections": 3000}}),
    (HAPROXY, "global\n    maxconn 3000\ndefaults\n    maxconn 100\n", {}),
    (HAPROXY, "global\n    maxconn 5\n", {}),
    (
        REDIS,
        "maxmemory 256mb\nmaxmemory-policy noeviction\n",
        {"im:redis": {"memory_megabytes": 256, "eviction": "noeviction"}},
    ),
    (
        POSTGRESQL,
        "port = 5432\nmax_connections = 300\t# many\n#work_mem = 1MB\nwork_mem = 8MB\nlog_min_messages = 'error'\n"
        "primary_conninfo = 'password=hush'\n",
        {"im:postgresql": {"max_connections": 300, "work_mem": "8MB", "parameters": {"log_min_messages": "error"}}},
    ),
)


@pytest.mark.parametrize(("path", "text", "settings"), TOLD)
def test_a_file_tells_a_setting_where_that_says_the_same(path: str, text: str, settings: Mapping[str, Any]) -> None:
    assert told({path: text}) == settings


def test_what_the_stack_file_says_stays() -> None:
    config = {**CONFIG, "im:time": {"servers": ["ours"]}, "im:system": {"host_kernel": False}}

    found = proposed(config, {"one": stock({CHRONY: "server theirs\n", JOURNAL: "SystemMaxUse=500M\n"})})

    assert "im:time" not in found
    assert found["im:system"] == {"host_kernel": False, "journal_max_mb": 500}


def test_hosts_that_disagree_tell_nothing() -> None:
    hosts = {"one": stock({CHRONY: "server a\n"}), "two": stock({CHRONY: "server b\n"})}

    assert "im:time" not in proposed(CONFIG, hosts)


def test_requirements_hold_on_every_host() -> None:
    leased = {"static_address": False, "mirror": "no answer", "free_disk_mb": {"/": 5000}}
    hosts = {"one": stock(), "two": stock(facts={"cores": 2, "memory_mb": 4096}, measured=leased)}

    assert proposed(CONFIG, hosts)["im:requirements"] == {
        "memory_mb": 4000,
        "cores": 2,
        "free_disk_mb": {"/": 2500},
        "operating_systems": ["debian 12"],
        "static_address": None,
        "mirror": None,
    }


def test_administrators_are_regular_accounts_with_sudo_and_a_key_that_is_accepted() -> None:
    carol = {"user": "carol", "regular": True, "sudo": True, "keys": [KEY]}
    others = [
        {"user": "dave", "regular": True, "sudo": False, "keys": [KEY]},
        {"user": "old", "regular": True, "sudo": True, "keys": ["ssh-dss AAAA"]},
        {"user": "ops", "regular": True, "sudo": True, "keys": [KEY]},
    ]

    found = told({}, logins=[carol, *others])

    assert found == {"im:administrators": {"networks": ["192.0.2.0/24"], "users": {"carol": {"keys": [KEY]}}}}
