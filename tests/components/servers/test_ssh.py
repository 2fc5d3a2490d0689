"""sshd: its drop-in, and who may reach it."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from components.servers.ssh import CONFIG, SSH, SSHSettings, drop_in
from tests.recording import as_config, run
from tests.topologies import TEST, recorded

ADMINISTRATORS = "10.77.2.1/32,fd77:2::1/128"


def test_only_keys_are_accepted() -> None:
    lines = recorded("dev").files("dev1")[CONFIG].splitlines()
    for line in ("AuthenticationMethods publickey", "PasswordAuthentication no", "PermitRootLogin prohibit-password"):
        assert line in lines


@pytest.mark.parametrize(("forwarding", "line"), [(False, "AllowTcpForwarding no"), (True, "AllowTcpForwarding local")])
def test_forwarding_is_a_choice(forwarding: bool, line: str) -> None:
    text = drop_in(SSHSettings(forwarding=forwarding), reads=False)
    assert [found for found in text.splitlines() if found.startswith("AllowTcpForwarding")] == [line]


def test_a_silent_client_is_gone_after_the_minutes_set() -> None:
    text = drop_in(SSHSettings(idle_minutes=7), reads=False)
    interval, count = (
        int(re.findall(rf"^{name} (\d+)$", text, re.M)[0]) for name in ("ClientAliveInterval", "ClientAliveCountMax")
    )
    assert interval * count == 7 * 60


def test_every_change_is_confirmed_from_the_administrators_networks() -> None:
    service = recorded("test").services["im1/ssh"].inputs
    assert service["confirm"] is True
    assert service["values"] == {"administrators": ADMINISTRATORS}


def test_every_port_of_sshd_is_let_in() -> None:
    hosts = {**TEST["onprem:hosts"], "vote1": {"address": "10.77.2.13", "port": 2222}}
    files = run(as_config({**TEST, "onprem:hosts": hosts}), "test").files("im1")
    assert 'tcp dport { 22, 2222 } accept comment "ssh"' in files["/etc/im-firewall/rules.nft"]
    assert SSH.name == "ssh"


def test_the_readers_login_stands_last_and_starts_one_command() -> None:
    """What follows a Match line belongs to it."""
    plain, text = (drop_in(SSHSettings(), reads=reads) for reads in (False, True))

    assert text.removeprefix(plain) == (
        "\nMatch User im-reader\n"
        "    AuthorizedKeysFile none\n"
        "    AuthorizedKeysCommand /usr/local/sbin/im-reader-keys\n"
        "    AuthorizedKeysCommandUser im-reader\n"
        "    ForceCommand sudo -n /usr/local/sbin/im-reader\n"
        "    DisableForwarding yes\n"
        "    PermitTTY no\n"
        "    PermitUserRC no\n"
        "    MaxSessions 1\n"
    )


@pytest.mark.skipif(not Path("/usr/sbin/sshd").exists() or not shutil.which("ssh-keygen"), reason="no sshd here")
def test_sshd_takes_the_drop_in(tmp_path: Path) -> None:
    for kind in ("ed25519", "rsa"):
        key = tmp_path / f"ssh_host_{kind}_key"
        subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-f", str(key)], check=True)
    text = drop_in(SSHSettings(), reads=True).replace("/etc/ssh/ssh_host", f"{tmp_path}/ssh_host")
    (tmp_path / "sshd_config").write_text(text)
    done = subprocess.run(
        ["/usr/sbin/sshd", "-t", "-f", str(tmp_path / "sshd_config")], capture_output=True, text=True, check=False
    )
    assert "Missing privilege separation" in done.stderr or (done.returncode, done.stderr) == (0, "")
