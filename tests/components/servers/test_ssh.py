"""sshd: its drop-in, and who may reach it."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from components.servers.ssh import CONFIG, SSH, SSHSettings, drop_in
from components.text import render
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


SSHD = """#!/bin/sh
# What sshd -T prints: all settings in small letters; the first file that sets one wins.
case "$2" in -f) files=$3 ;; *) files="$SSHD_FILES" ;; esac
cat $files | sed '/^Match/q' | sed -n 's/^\\([A-Za-z]*\\) /\\L\\1\\E /p' | awk '!seen[$1]++'
"""


def obeyed(folder: Path, *earlier: str) -> str:
    """What the script says of a drop-in, with other files that sshd reads before it."""
    ours = folder / "00-im.conf"
    ours.write_text("PasswordAuthentication no\nMaxAuthTries 4\n\nMatch User reader\n    PermitTTY no\n")
    others = [folder / f"00-{number}.conf" for number, _ in enumerate(earlier)]
    for path, text in zip(others, earlier, strict=True):
        path.write_text(text)
    for name, text in (("sshd", SSHD), ("sshd-obeys", render("ssh/sshd-obeys.sh"))):
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    environment = {"PATH": f"{folder}:{os.environ['PATH']}", "SSHD_FILES": " ".join(map(str, [*others, ours]))}
    done = subprocess.run([folder / "sshd-obeys", ours], env=environment, capture_output=True, text=True, check=True)
    return done.stdout


def test_sshd_does_what_is_declared_whatever_else_is_set_in_other_files(tmp_path: Path) -> None:
    assert obeyed(tmp_path) == "as declared\n"
    assert obeyed(tmp_path, "UseDNS no\n") == "as declared\n"


def test_a_file_that_sshd_reads_earlier_and_that_wins_is_told(tmp_path: Path) -> None:
    assert obeyed(tmp_path, "PasswordAuthentication yes\n") == (
        "declared: passwordauthentication no\nfound: passwordauthentication yes\n"
    )
