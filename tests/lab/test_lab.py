"""The lab itself: bare hosts that can be reached, installed on, and made to fail."""

import stat
import subprocess
from pathlib import Path

import pytest

from commands.lab.errors import LabError
from commands.lab.lab import lab_of
from commands.lab.processes import wait_until
from tests.lab.conftest import LabFactory
from tests.lab.private_lab import ROOT, PrivateLab

ONE, TWO, ONE6, TWO6 = "10.77.200.11", "10.77.200.12", "fd77:200::11", "fd77:200::12"
HOSTS = {"one": {"address": ONE, "address6": ONE6}, "two": {"address": TWO, "address6": TWO6, "user": "ops"}}
ANSWERS = (
    "import socket,sys; found = socket.create_connection((sys.argv[1], 22), 2, (sys.argv[2], 0));"
    " found.settimeout(10); found.recv(4)"
)
"""A busy sshd takes its time for its first bytes; whether packets get through is known sooner."""


@pytest.fixture(scope="module")
def hosts(lab: LabFactory) -> PrivateLab:
    return lab({"onprem:hosts": HOSTS})


def from_bridge(hosts: PrivateLab, address: str, source: str = "") -> bool:
    return hosts.run(["python3", "-c", ANSWERS, address, source], check=False).returncode == 0


def from_bridge_again(hosts: PrivateLab, address: str) -> bool:
    """A neighbour that was sought in vain is `No route to host` until the kernel's search for it has ended."""
    return wait_until(lambda: from_bridge(hosts, address), seconds=10)


def from_host(hosts: PrivateLab, host: str, address: str) -> bool:
    return hosts.ssh(host, f"python3 -c '{ANSWERS}' {address} ''", check=False).returncode == 0


@pytest.mark.parametrize("address", [ONE, ONE6, TWO, TWO6])
def test_hosts_answer_on_both_of_their_addresses(hosts: PrivateLab, address: str) -> None:
    assert from_bridge(hosts, address)


@pytest.mark.parametrize(("address", "source"), [(ONE, "10.77.200.200"), (ONE6, "fd77:200::200")])
def test_a_stranger_has_an_address_of_their_own(hosts: PrivateLab, address: str, source: str) -> None:
    assert from_bridge(hosts, address, source)


def test_nothing_outside_has_the_lab_in_its_network(hosts: PrivateLab) -> None:
    routes = subprocess.run(["ip", "route", "show", "table", "all"], capture_output=True, text=True, check=True).stdout
    assert "10.77.200." not in routes
    assert "fd77:200:" not in routes


def test_hosts_have_a_running_systemd_and_nothing_but_sshd_and_python(hosts: PrivateLab) -> None:
    assert hosts.ssh("one", "systemctl is-system-running").stdout == "running\n"
    assert hosts.ssh("one", "hostname").stdout == "one\n"
    assert hosts.ssh("one", "command -v nft haproxy psql || true").stdout == ""
    assert hosts.ssh("one", "test ! -e /etc/resolv.conf && python3 --version").stdout.startswith("Python 3.")


def test_a_user_other_than_root_has_sudo(hosts: PrivateLab) -> None:
    assert hosts.ssh("two", "id -un; sudo -n id -un 2>/dev/null").stdout == "ops\nroot\n"


def test_packages_come_through_the_lab_mirror(hosts: PrivateLab) -> None:
    hosts.ssh("one", "apt-get update -qq && apt-get install -y -qq --no-install-recommends bc")
    assert hosts.ssh("one", "echo 6*7 | bc").stdout == "42\n"


def test_each_host_has_its_own_host_keys(hosts: PrivateLab) -> None:
    key = "cat /etc/ssh/ssh_host_ed25519_key.pub"
    assert hosts.ssh("one", key).stdout.split()[1] != hosts.ssh("two", key).stdout.split()[1]


def test_a_second_up_leaves_running_hosts_alone(hosts: PrivateLab) -> None:
    before = hosts.ssh("one", "stat -c %Y /proc/1; cat /etc/machine-id").stdout
    assert sorted(hosts.lab("up").stdout.splitlines()) == ["one: running already", "two: running already"]
    assert hosts.ssh("one", "stat -c %Y /proc/1; cat /etc/machine-id").stdout == before


def test_a_killed_host_is_silent_and_comes_back_with_its_data(hosts: PrivateLab) -> None:
    hosts.ssh("one", "echo kept > /var/lib/kept")
    hosts.lab("kill", "one")
    assert not from_bridge(hosts, ONE)
    assert "stopped" in hosts.lab("status").stdout.splitlines()[1]
    hosts.lab("start", "one")
    assert hosts.ssh("one", "cat /var/lib/kept").stdout == "kept\n"


def test_a_paused_host_is_silent_until_it_resumes(hosts: PrivateLab) -> None:
    hosts.lab("pause", "one")
    try:
        assert not from_bridge(hosts, ONE)
        assert "paused" in hosts.lab("status").stdout.splitlines()[1]
    finally:
        hosts.lab("resume", "one")
    assert from_bridge_again(hosts, ONE)


def test_a_cut_between_two_hosts_leaves_the_administrator_connected(hosts: PrivateLab) -> None:
    hosts.lab("cut", "one", "--from", "two")
    try:
        assert not from_host(hosts, "two", ONE)
        assert not from_host(hosts, "one", TWO6)
        assert from_bridge(hosts, ONE)
    finally:
        hosts.lab("heal", "one")
    assert wait_until(lambda: from_host(hosts, "two", ONE), seconds=10)


@pytest.mark.parametrize("direction", ["in", "out"])
def test_a_one_way_cut_breaks_conversations(hosts: PrivateLab, direction: str) -> None:
    hosts.lab("cut", "one", "--one-way", direction)
    try:
        assert not from_bridge(hosts, ONE6)
        assert from_bridge(hosts, TWO)
    finally:
        hosts.lab("heal")
    assert from_bridge_again(hosts, ONE6)


def test_a_host_can_be_seen_from_inside_while_it_is_cut_off(hosts: PrivateLab) -> None:
    hosts.lab("cut", "one")
    try:
        inside = subprocess.run(
            lab_of(hosts.stack).machine("one").inside(["hostname"]), capture_output=True, text=True, check=True
        )
    finally:
        hosts.lab("heal")

    assert inside.stdout == "one\n"


def test_a_host_that_is_off_has_no_inside(hosts: PrivateLab) -> None:
    hosts.lab("kill", "two")
    try:
        with pytest.raises(LabError) as refused:
            lab_of(hosts.stack).machine("two").inside(["hostname"])
    finally:
        hosts.lab("start", "two")

    assert str(refused.value) == f"two: is not running; start it with: scripts/lab start {hosts.stack} two"


def test_a_host_that_lost_its_starter_is_started_again(hosts: PrivateLab) -> None:
    record = ROOT / ".lab" / hosts.stack / "processes/host-two.json"
    record.unlink()
    assert "two: running after" in hosts.lab("up").stdout


def test_run_passes_the_exit_code_and_writes_no_tracked_file(hosts: PrivateLab) -> None:
    before = hosts.stack_file.read_text()
    script = f"echo 'encryptionsalt: v1:abc' >>stacks/Pulumi.{hosts.stack}.yaml; exit 7"
    assert hosts.run(["sh", "-c", script], check=False).returncode == 7
    assert hosts.stack_file.read_text() == before
    assert not (ROOT / f"stacks/Pulumi.{hosts.stack}.yaml").exists()
    assert "encryptionsalt: v1:abc" in hosts.run(["cat", f"stacks/Pulumi.{hosts.stack}.yaml"]).stdout


def test_run_gives_what_pulumi_needs(hosts: PrivateLab) -> None:
    folder = ROOT / ".lab" / hosts.stack
    lines = hosts.run(["env"]).stdout.splitlines()
    assert f"ONPREM_SSH_CONFIG={folder}/ssh/config" in lines
    assert f"PULUMI_BACKEND_URL=file://{folder}/state" in lines
    assert f"PULUMI_CONFIG_PASSPHRASE_FILE={folder}/passphrase" in lines


@pytest.mark.parametrize("name", ["ssh/key", "ssh/config", "ssh/known_hosts", "passphrase"])
def test_what_is_secret_is_for_its_owner_only(hosts: PrivateLab, name: str) -> None:
    folder = ROOT / ".lab" / hosts.stack
    assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_an_unknown_host_is_refused_with_the_choices(hosts: PrivateLab) -> None:
    done = hosts.lab("kill", "three", check=False)
    assert done.returncode == 1
    assert done.stderr == f"lab: three: is no host of the lab {hosts.stack}; choose one of one, two\n"


def test_a_login_that_is_not_root_gets_a_sentence(hosts: PrivateLab) -> None:
    code = "import os, sys; from commands.lab.__main__ import main; os.setuid(65534); sys.exit(main())"
    argv = [str(ROOT / "scripts/python"), "-c", code, "status", hosts.stack]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    sentence = "lab: the lab needs root, for network namespaces and mounts; run it again with sudo\n"
    assert (done.returncode, done.stderr) == (1, sentence)


def test_down_leaves_nothing_behind(lab: LabFactory) -> None:
    other = lab({"onprem:hosts": {"one": HOSTS["one"]}})
    other.lab("down")
    other.lab("down")
    assert not (ROOT / ".lab" / other.stack).exists()
    assert not [name for name in Path("/run/netns").iterdir() if other.stack in name.name]
    assert other.stack not in Path("/proc/mounts").read_text()
    found = subprocess.run(["pgrep", "-f", f"lab/{other.stack}/"], capture_output=True, check=False)
    assert found.stdout == b""
