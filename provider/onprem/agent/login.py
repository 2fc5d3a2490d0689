"""The ssh login this agent runs in, found from the processes above it: sudo takes it out of the environment."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import pwd
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .commands import Commands
from .errors import AgentError

SSHD = "/usr/sbin/sshd"
DEFAULT_KEY_FILES = ".ssh/authorized_keys .ssh/authorized_keys2"


@dataclass(frozen=True)
class Login:
    """Who logged in, from which address, to which of this host's."""

    user: str
    client: str
    server: str


def find() -> Login | None:
    """The login, None when the agent was not started over ssh."""
    for process in _ancestors():
        with contextlib.suppress(OSError):
            environment = _environment(Path(f"/proc/{process}/environ").read_bytes())
            words = environment.get("SSH_CONNECTION", "").split()
            if len(words) == 4:
                return Login(environment.get("USER", "root"), words[0], words[2])
    return None


def _ancestors() -> Iterator[int]:
    process = os.getpid()
    while process > 1:
        yield process
        try:
            status = Path(f"/proc/{process}/stat").read_text()
        except OSError:
            return
        process = int(status.rpartition(")")[2].split()[1])


def _environment(data: bytes) -> dict[str, str]:
    pairs = (item.partition("=") for item in data.decode("utf-8", "replace").split("\0"))
    return {name: value for name, _, value in pairs}


def refuse_lockout(commands: Commands, networks: str) -> None:
    """Raises unless this login would be let in again: from the administrators' networks (if said), with a key."""
    login = find()
    if login is None:
        return
    if networks.strip() and not is_inside(login.client, networks):
        raise AgentError(
            f"this login comes from {login.client}, outside the administrators' networks ({networks}), and would be"
            " shut out; add its network, or log in from one of them"
        )
    if not _has_key(commands, login.user):
        raise AgentError(
            f"{login.user} has no authorized key on this host, and would be shut out; add one with ssh-copy-id"
        )


def is_inside(client: str, networks: str) -> bool:
    """Whether an address is in one of the comma-separated networks."""
    address = ipaddress.ip_address(client.partition("%")[0])
    mapped = getattr(address, "ipv4_mapped", None)
    known = (ipaddress.ip_network(text.strip(), strict=False) for text in networks.split(",") if text.strip())
    return any((mapped or address) in network for network in known)


def _has_key(commands: Commands, user: str) -> bool:
    settings = dict(line.partition(" ")[::2] for line in commands.run([SSHD, "-T"], seconds=10).out.splitlines())
    if any(settings.get(name, "none") != "none" for name in ("authorizedkeyscommand", "trustedusercakeys")):
        return True
    try:
        home = Path(pwd.getpwnam(user).pw_dir)
    except KeyError:
        return False
    names = settings.get("authorizedkeysfile", DEFAULT_KEY_FILES).split()
    return any(_holds_key(home / name.replace("%h", str(home)).replace("%u", user)) for name in names)


def _holds_key(path: Path) -> bool:
    try:
        lines = path.read_text(errors="replace").splitlines()
    except OSError:
        return False
    return any(line.strip() and not line.startswith("#") for line in lines)
