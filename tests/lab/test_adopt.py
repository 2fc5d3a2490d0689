"""A host that was built by hand is looked at: everything is told, nothing is touched."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.lab.conftest import LabFactory
from tests.lab.hand_built import CONFIG, HOST, HandBuilt

AWAY = "away1"
HAND_MADE = "made-by-hand"
LOGINS = "journalctl -t sshd | grep -c Accepted"

Done = subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def host(lab: LabFactory) -> HandBuilt:
    hosts = {**CONFIG["onprem:hosts"], AWAY: {"address": "10.77.205.12"}}
    made = HandBuilt(lab({**CONFIG, "onprem:hosts": hosts, "im:roles": {**CONFIG["im:roles"], "operations": [AWAY]}}))
    made.build()
    return made


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("adopt")


def adopt(host: HandBuilt, folder: Path, *words: str) -> Done:
    return host.lab.run(["scripts/adopt", host.lab.stack, *words, "--folder", str(folder)], check=False)


@pytest.fixture(scope="module")
def looked(host: HandBuilt, folder: Path) -> dict[str, Any]:
    """One look at all hosts, with what was there before and after it."""
    host.lab.ssh(HOST, "find /etc/haproxy /etc/chrony -type f -exec touch -a -d '3 days ago' {} +")
    before = (host.tree(), host.accesses(), host.units(), host.data())
    logins = int(host.ask(LOGINS))
    done = adopt(host, folder, "--format", "json")
    counted = int(host.ask(LOGINS)) - logins
    after = (host.tree(), host.accesses(), host.units(), host.data())
    return {"done": done, "found": json.loads(done.stdout), "before": before, "after": after, "logins": counted}


def test_a_look_is_one_login_and_changes_nothing(looked: dict[str, Any]) -> None:
    assert looked["done"].returncode == 0, looked["done"]
    assert looked["logins"] == 2  # one is the question
    for before, after in zip(looked["before"], looked["after"], strict=True):
        assert before == after


def test_what_is_there_and_what_becomes_of_data_is_told(looked: dict[str, Any]) -> None:
    found = looked["found"]
    unknown = next(host for host in found["hosts"] if host["host"] == HOST)["unknown"]

    assert {"unit": "shop.service", "running": True, "enabled": True, "local": True} in unknown["units"]
    assert {"protocol": "tcp", "address": "127.0.0.1", "port": 8090, "process": "python3"} in unknown["ports"]
    assert [login["user"] for login in unknown["logins"]] == ["root", "carol"]
    assert unknown["jobs"] == ["/etc/cron.d/nightly"]
    assert "/etc/ssh/sshd_config.d/10-hand.conf" in unknown["files"]
    assert not [path for path in unknown["files"] if path.startswith("/var/")]
    assert [(one["service"], one["refused"]) for one in found["data"]] == [
        ("postgresql", False),
        ("rabbitmq", False),
        ("ejabberd", True),
    ]


def test_with_the_proposed_settings_nothing_differs(looked: dict[str, Any]) -> None:
    found = looked["found"]
    settings = found["settings"]

    assert found["preview"]["result"] == "changes"
    assert (found["proposed"]["result"], found["proposed"]["services"]) == ("same", [])
    assert "im:time" not in settings  # the other host has no chrony
    assert settings["im:haproxy"] == {"max_connections": 3000}
    assert settings["im:postgresql"] == {
        "shared_buffers": "128MB",
        "work_mem": "8MB",
        "data_directory": "/var/lib/postgresql/15/main",
    }
    assert settings["im:rabbitmq"] == {"host_names": True, "other_users": ["shop"]}
    assert settings["im:keep"][HOST]["ejabberd"] == ["all"]


def test_the_files_are_for_their_owner_and_nothing_secret_is_shown(
    looked: dict[str, Any], host: HandBuilt, folder: Path
) -> None:
    for name in ("import.json", "proposed.json"):
        path = folder / host.lab.stack / name
        assert path.stat().st_mode & 0o777 == 0o600
        for entry in json.loads(path.read_text())["resources"]:
            for secret in entry.get("inputs", {}).get("secrets", {}).values():
                assert json.loads(secret["plaintext"]) not in looked["done"].stdout + looked["done"].stderr
    cookie = host.ask("cat /var/lib/ejabberd/.erlang.cookie")
    assert "ejabberd_cookie_password" in looked["found"]["recalled"]
    assert cookie in (folder / host.lab.stack / "import.json").read_text()
    assert cookie not in looked["done"].stdout
    assert HAND_MADE not in looked["done"].stdout


def test_a_host_that_is_away_does_not_hide_the_others(host: HandBuilt, tmp_path: Path) -> None:
    host.lab.lab("kill", AWAY)
    try:
        done = adopt(host, tmp_path)
        alone = adopt(host, tmp_path, HOST, "--format", "markdown")
    finally:
        host.lab.lab("start", AWAY)

    assert done.returncode == 1
    assert f"could not look: {AWAY}: cannot be reached at 10.77.205.12" in done.stdout
    assert "  unknown unit: shop.service (running, enabled)\n" in done.stdout
    assert alone.returncode == 0
    assert "could not look" not in alone.stdout


def test_a_host_that_is_not_in_the_stack_is_told(host: HandBuilt, tmp_path: Path) -> None:
    done = adopt(host, tmp_path, "hand9")

    assert (done.returncode, done.stderr) == (1, f"hand9: not in onprem:hosts; known hosts: {AWAY}, {HOST}\n")
