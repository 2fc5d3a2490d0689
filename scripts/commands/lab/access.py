"""How one logs in to the hosts of a lab: a key, an ssh configuration, and known_hosts from the hosts' own keys."""

import os
from collections.abc import Sequence
from pathlib import Path

from commands.lab.inventory import LabHost
from commands.lab.places import Places
from commands.lab.processes import run


def private_file(path: Path, text: str) -> None:
    """0600 from its first moment, complete or not there."""
    new = path.with_name(f".{path.name}.new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    new.replace(path)


def key(places: Places) -> Path:
    return places.ssh / "key"


def config(places: Places) -> Path:
    return places.ssh / "config"


def ensure_key(places: Places) -> str:
    """The public key."""
    places.ssh.mkdir(mode=0o700, parents=True, exist_ok=True)
    public = key(places).with_suffix(".pub")
    if not public.exists():
        key(places).unlink(missing_ok=True)
        comment = f"lab-{places.stack}"
        argv = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(key(places))]
        run(argv, doing="ssh-keygen")
    return public.read_text().strip()


def write_config(places: Places, hosts: Sequence[LabHost]) -> None:
    """ssh_config and known_hosts of all hosts; nobody is asked to trust what answers first."""
    known_hosts = places.ssh / "known_hosts"
    known = [f"{','.join(_names(host))} {line}" for host in hosts for line in _host_keys(places, host)]
    private_file(known_hosts, "".join(f"{line}\n" for line in known))
    private_file(config(places), "\n".join(_entry(places, host, known_hosts) for host in hosts))


def _names(host: LabHost) -> list[str]:
    return [name for name in (host.name, host.address, host.address6) if name]


def _host_keys(places: Places, host: LabHost) -> list[str]:
    folder = places.hosts / host.name / "upper/etc/ssh"
    return [" ".join(file.read_text().split()[:2]) for file in sorted(folder.glob("ssh_host_*_key.pub"))]


def _entry(places: Places, host: LabHost, known_hosts: Path) -> str:
    return f"""\
Host {" ".join(_names(host))}
    HostName {host.address}
    User {host.user}
    IdentityFile "{key(places)}"
    IdentitiesOnly yes
    UserKnownHostsFile "{known_hosts}"
    GlobalKnownHostsFile /dev/null
    StrictHostKeyChecking yes
    UpdateHostKeys no
"""
