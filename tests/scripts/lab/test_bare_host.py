"""What is on a host before its first boot, and how it is logged in to."""

from pathlib import Path

from commands.lab import access
from commands.lab.apt import Sources
from commands.lab.bare_host import install, seed
from commands.lab.inventory import LabHost
from commands.lab.places import Places

SOURCES = Sources({"debian": "https://mirror.test/debian", "debian-security": "http://security.test/d"}, ())
HOST = LabHost("one", "10.0.0.2", "fd00::2")


def test_the_files_of_a_bare_host() -> None:
    assert seed(HOST, "ssh-ed25519 KEY", SOURCES) == {
        "etc/hostname": "one\n",
        "etc/systemd/network/10-host0.network": """\
[Match]
Name=host0

[Network]
Gateway=10.0.0.1
Gateway=fd00::1
IPv6AcceptRA=no
IPv6DuplicateAddressDetection=0

[Address]
Address=10.0.0.2/24

[Address]
Address=fd00::2/64
""",
        "etc/apt/sources.list": """\
deb http://10.0.0.1/debian bookworm main
deb http://10.0.0.1/debian bookworm-updates main
deb http://10.0.0.1/debian-security bookworm-security main
""",
        "root/.ssh/authorized_keys": "ssh-ed25519 KEY\n",
    }


def test_known_hosts_come_from_the_hosts_own_keys(tmp_path: Path) -> None:
    places = Places("try", tmp_path)
    install(places.hosts / "one", HOST, tmp_path, access.ensure_key(places), SOURCES)
    access.write_config(places, [HOST])
    public = (places.hosts / "one/upper/etc/ssh/ssh_host_ed25519_key.pub").read_text().split()[:2]
    known = (places.ssh / "known_hosts").read_text().splitlines()
    assert f"one,10.0.0.2,fd00::2 {' '.join(public)}" in known
    assert len(known) == 3
