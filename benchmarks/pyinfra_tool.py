"""The items as operations of pyinfra, its own ones, in the order that a deploy file would call them."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.items import SHELL, Declared, Directory, File, Service
from benchmarks.lab import Hosts
from benchmarks.measure import Command, Measured

HERE = Path(__file__).parent
DATA = "operations.json"
CHANGE = re.compile(r" (\d+) \([^()]*\) +(?:-|\d+ \([^()]*\)) *$", re.MULTILINE)
"""The column "Change" of a dry run: how many hosts, and which; after it comes what may follow from the others."""


@dataclass(frozen=True)
class Operation:
    """`only_if` is the path of a file: the operation runs only when that one changed."""

    name: str
    arguments: Mapping[str, Any]
    only_if: str = ""


class PyInfra:
    """`pyinfra -y`, with `--dry --diff` where nothing may change."""

    name = "pyinfra"
    project = None

    def __init__(self, hosts: Hosts, folder: Path) -> None:
        self._hosts = hosts
        self._folder = folder

    def declare(self, declared: Declared) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        data = {"ssh_user": "root", "ssh_config_file": str(self._hosts.ssh_config)}
        inventory = [(host, data) for host in self._hosts.names]
        (self._folder / "inventory.py").write_text(f"hosts = {inventory!r}\n")
        everything = {host: [asdict(each) for each in operations(services)] for host, services in declared.items()}
        (self._folder / DATA).write_text(json.dumps(everything))
        (self._folder / "deploy.py").write_text((HERE / "pyinfra_deploy.py").read_text())

    def command(self, case: str) -> Command:
        mode = ["--dry", "--diff"] if case in ("check", "drift") else ["-y"]
        argv = [str(HERE / ".venv/bin/pyinfra"), *mode, "inventory.py", "deploy.py"]
        return Command(argv, self._folder)

    def found(self, measured: Measured) -> int | None:
        """What a dry run would change."""
        text = measured.output + measured.errors
        return sum(map(int, CHANGE.findall(text))) if "Detected changes:" in text else None


def operations(services: Sequence[Service]) -> Iterator[Operation]:
    """All that one host gets."""
    packages = [package for service in services for package in service.packages]
    yield Operation("apt.packages", {"packages": packages, "no_recommends": True})
    for service in services:
        yield from _operations(service)


def _operations(service: Service) -> Iterator[Operation]:
    account = {"user": service.name, "group": service.name, "home": service.home, "shell": SHELL, "system": True}
    yield Operation("server.group", {"group": service.name, "system": True})
    yield Operation("server.user", {**account, "ensure_home": False})
    for item in service.directories:
        yield Operation("files.directory", {"path": item.path, **_access(item)})
    for file in service.files:
        yield Operation("files.put", {"src": file.content, "dest": file.path, **_access(file)})
    yield Operation("systemd.daemon_reload", {}, only_if=service.unit_file.path)
    yield Operation("systemd.service", {"service": service.unit, "running": True, "enabled": True})
    yield Operation("systemd.service", {"service": service.unit, "reloaded": True}, only_if=service.reloaded_by.path)


def _access(item: Directory | File) -> dict[str, str]:
    return {"mode": item.mode, "user": item.owner, "group": item.group}
