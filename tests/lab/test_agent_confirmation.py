"""A change that could lock the operator out: kept when a new login confirms it, put back by the host when none does."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.lab.agent_session import AgentFailedError, AgentSession, changed_bundle
from tests.lab.conftest import LabFactory
from tests.lab.private_lab import PrivateLab

ADDRESS = "10.77.202.11"
RULES = "/etc/wall/rules.nft"
UNIT = "/etc/systemd/system/wall.service"
SECONDS = 8
SHUT = "ct state established accept; iif lo accept"
OPEN = f"{SHUT}; tcp dport 22 accept"


def declared(rule: str = OPEN, administrators: str = "10.77.202.0/24") -> dict[str, Any]:
    """A firewall in a table of its own, which its unit loads and unloads."""
    table = "table inet wall"
    rules = f"add {table}\ndelete {table}\n{table} {{\n chain input {{ type filter hook input priority 0; policy drop; "
    unit = (
        "[Unit]\nDefaultDependencies=no\nBefore=network-pre.target\nWants=network-pre.target\n"
        "[Service]\nType=oneshot\nRemainAfterExit=yes\n"
        f"ExecStart=/usr/sbin/nft -f {RULES}\nExecReload=/usr/sbin/nft -f {RULES}\n"
        f"ExecStop=/usr/sbin/nft delete {table}\n[Install]\nWantedBy=sysinit.target\n"
    )
    return {
        "packages": {"nftables": ""},
        "files": {RULES: {"content": f"{rules}{rule}; }}\n}}\n", "mode": "0600"}, UNIT: {"content": unit}},
        "units": {"wall.service": {"running": True, "enabled": True, "reload_on": [RULES]}},
        "values": {"administrators": administrators},
        "validate": {RULES: "nft -c -f {staged}"},
        "confirm": True,
    }


@pytest.fixture(scope="module")
def hosts(lab: LabFactory) -> PrivateLab:
    made = lab({"onprem:hosts": {"wall": {"address": ADDRESS, "user": "ops"}}})
    made.ssh("wall", "sudo apt-get update -qq && sudo apt-get install -y -qq --no-install-recommends nftables")
    return made


@pytest.fixture(scope="module")
def impatient() -> bytes:
    """The agent, waiting for a confirmation for a few seconds instead of a minute."""
    return changed_bundle("confirmation", "SECONDS = 60", f"SECONDS = {SECONDS}")


@pytest.fixture
def agent(hosts: PrivateLab, impatient: bytes) -> Iterator[AgentSession]:
    with AgentSession(hosts.stack, "wall", impatient) as session:
        yield session


def on_host(hosts: PrivateLab, command: str) -> str:
    return hosts.ssh("wall", command).stdout


def table(hosts: PrivateLab) -> str:
    return on_host(hosts, "sudo nft list table inet wall 2>&1 || true")


def leftovers(hosts: PrivateLab) -> str:
    """What a pending rollback consists of."""
    files = "/var/lib/onprem/a* /etc/systemd/system/onprem* /etc/systemd/system/*/onprem*"
    return on_host(hosts, f"sudo sh -c 'ls -d {files} 2>/dev/null'; systemctl list-units --no-legend 'onprem*' || true")


def put_back(agent: AgentSession, hosts: PrivateLab) -> None:
    """Waits until the host has done so."""
    agent.close()
    deadline = time.monotonic() + SECONDS + 30
    while time.monotonic() < deadline:
        if hosts.ssh("wall", "test ! -e /run/nothing", check=False).returncode == 0 and leftovers(hosts) == "":
            return
        time.sleep(1)
    pytest.fail("the host did not put the change back")


def test_a_confirmed_change_stays(hosts: PrivateLab, agent: AgentSession, impatient: bytes) -> None:
    token = agent.request("apply", service="wall", declared=declared(), previous={})["token"]
    assert token

    with AgentSession(hosts.stack, "wall", impatient) as new:
        assert new.request("confirm", service="wall", token=token) == {}
        assert new.request("manifest", service="wall")["services"] == ["wall"]

    assert leftovers(hosts) == ""
    time.sleep(SECONDS + 1)
    assert "dport 22 accept" in table(hosts)


def test_a_change_without_difference_needs_no_confirmation(agent: AgentSession) -> None:
    assert agent.request("apply", service="wall", declared=declared(), previous=declared())["token"] is None


def test_a_change_that_shuts_everybody_out_is_put_back(hosts: PrivateLab, agent: AgentSession) -> None:
    before = table(hosts)
    answer = agent.request("apply", service="wall", declared=declared(SHUT), previous=declared())
    assert answer["token"]
    shut = hosts.run(["python3", "-c", f"import socket; socket.create_connection(('{ADDRESS}', 22), 2)"], check=False)
    assert shut.returncode != 0

    put_back(agent, hosts)

    assert table(hosts) == before
    said = on_host(hosts, "sudo journalctl --unit onprem-rollback --output cat --no-pager")
    assert f"wall: not confirmed within {SECONDS} s; put back: {RULES}, wall.service reloaded" in said


def test_the_login_that_made_a_change_cannot_confirm_it(hosts: PrivateLab, agent: AgentSession) -> None:
    state = declared(f"{OPEN}; tcp dport 80 accept")
    token = agent.request("apply", service="wall", declared=state, previous=declared())["token"]

    with pytest.raises(AgentFailedError) as caught:
        agent.request("confirm", service="wall", token=token)
    assert str(caught.value) == "wall: the login that made the change cannot confirm it; log in again"
    with AgentSession(hosts.stack, "wall") as new, pytest.raises(AgentFailedError) as caught:
        new.request("confirm", service="wall", token="0" * 32)
    assert str(caught.value) == "wall: no change waits for this confirmation; the host has put it back"
    put_back(agent, hosts)


def test_a_second_change_waits_until_the_first_is_decided(
    hosts: PrivateLab, agent: AgentSession, impatient: bytes
) -> None:
    agent.request("apply", service="wall", declared=declared(f"{OPEN}; tcp dport 81 accept"), previous=declared())

    with AgentSession(hosts.stack, "wall", impatient) as second:
        answer = second.request("apply", service="wall", declared=declared(), previous=declared())
        assert second.progress[0] == "waiting for the confirmation of wall"
        assert answer["token"] is None
    assert "dport 81" not in table(hosts)


def test_a_failing_change_needs_no_confirmation_to_be_put_back(hosts: PrivateLab, agent: AgentSession) -> None:
    state = {**declared(f"{OPEN}; tcp dport 82 accept"), "healthy": {"command": "false", "seconds": 1}}

    with pytest.raises(AgentFailedError, match="the previous files are back and wall.service is running$"):
        agent.request("apply", service="wall", declared=state, previous=declared())

    assert leftovers(hosts) == ""
    assert "dport 82" not in table(hosts)


def test_a_login_from_outside_the_networks_is_refused(agent: AgentSession) -> None:
    state = declared(administrators="10.1.0.0/16,fd00::/8")

    with pytest.raises(AgentFailedError) as caught:
        agent.request("apply", service="wall", declared=state, previous=declared())

    assert str(caught.value) == (
        "this login comes from 10.77.202.1, outside the administrators' networks (10.1.0.0/16,fd00::/8), and would"
        " be shut out; add its network, or log in from one of them"
    )


def test_a_login_without_a_key_is_refused(hosts: PrivateLab, agent: AgentSession) -> None:
    on_host(hosts, "mv ~/.ssh/authorized_keys ~/.ssh/away")
    try:
        with pytest.raises(AgentFailedError) as caught:
            agent.request("apply", service="wall", declared=declared(), previous=declared())
    finally:
        agent.request("measure", requirements={})
        restore = "import os; os.rename('/home/ops/.ssh/away', '/home/ops/.ssh/authorized_keys')"
        step = {"read": "true", "want": "x", "act": f'python3 -c "{restore}"'}
        with pytest.raises(AgentFailedError):
            agent.request("apply", service="key", declared={"steps": {"key": step}}, previous={})

    assert str(caught.value) == (
        "ops has no authorized key on this host, and would be shut out; add one with ssh-copy-id"
    )


def test_a_host_that_restarts_before_the_confirmation_puts_the_change_back(
    hosts: PrivateLab, agent: AgentSession
) -> None:
    agent.request("apply", service="wall", declared=declared(SHUT), previous=declared())
    hosts.lab("kill", "wall")
    hosts.lab("start", "wall")

    assert "dport 22 accept" in table(hosts)
    assert leftovers(hosts) == ""
    assert on_host(hosts, "systemctl is-active wall") == "active\n"


def test_delete_removes_the_table(hosts: PrivateLab, agent: AgentSession) -> None:
    agent.request("delete", service="wall", declared=declared())

    assert "No such file or directory" in table(hosts)
    assert on_host(hosts, f"ls {RULES} {UNIT} /etc/wall 2>/dev/null || true") == ""


def test_a_first_change_that_shuts_everybody_out_leaves_no_table(hosts: PrivateLab, agent: AgentSession) -> None:
    agent.request("apply", service="wall", declared=declared(SHUT), previous={})
    assert hosts.run(
        ["python3", "-c", f"import socket; socket.create_connection(('{ADDRESS}', 22), 2)"], check=False
    ).returncode

    put_back(agent, hosts)

    assert "No such file or directory" in table(hosts)
    assert on_host(hosts, f"ls {UNIT} 2>/dev/null; systemctl show --property LoadState --value wall") == "not-found\n"
