"""The bare floor: one connection and one shell script per host. It knows nothing, keeps nothing and reports nothing."""

import base64
import io
import shlex
import tarfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks import probe
from benchmarks.items import SHELL, Declared, Service
from benchmarks.lab import Hosts
from benchmarks.measure import Command, Measured

CHECK = """\
declared=$(mktemp) && found=$(mktemp)
cat >"$declared" <<'END'
{lines}
END
probe 2>/dev/null | sort >"$found"
comm -23 "$declared" "$found" | sed 's/^/differs: /'
same() {{ cmp -s "$declared" "$found"; }}
"""
APPLY = """\
same && exit
set -e
DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet --no-install-recommends {packages} >/dev/null
for user in {users}; do
    id "$user" >/dev/null 2>&1 || useradd --system --user-group --no-create-home \
        --home-dir "/var/lib/$user" --shell {shell} "$user"
done
base64 -d <<'END' | tar --extract --gzip --preserve-permissions --directory=/
{archive}
END
systemctl daemon-reload
systemctl enable --quiet --now {units}
systemctl reload {units}
"""


def check(services: Sequence[Service]) -> str:
    """A script that says what differs."""
    return probe.script(services) + CHECK.format(lines="\n".join(probe.lines(services)))


def apply(services: Sequence[Service]) -> str:
    """A script that makes everything as declared when anything differs."""
    return check(services) + APPLY.format(
        packages=shlex.join([package for service in services for package in service.packages]),
        users=shlex.join([service.name for service in services]),
        shell=SHELL,
        archive=base64.encodebytes(archive(services)).decode().strip(),
        units=shlex.join([service.unit for service in services]),
    )


def archive(services: Sequence[Service]) -> bytes:
    """Every directory and file as a tar archive, with modes and owners by name."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for service in services:
            for directory in service.directories:
                _add(tar, directory.path, directory.mode, (directory.owner, directory.group), None)
            for file in service.files:
                _add(tar, file.path, file.mode, (file.owner, file.group), file.content.encode())
    return buffer.getvalue()


def _add(tar: tarfile.TarFile, path: str, mode: str, owner: tuple[str, str], content: bytes | None) -> None:
    entry = tarfile.TarInfo(path.lstrip("/"))
    entry.mode, (entry.uname, entry.gname) = int(mode, 8), owner
    entry.type = tarfile.DIRTYPE if content is None else tarfile.REGTYPE
    entry.size = len(content or b"")
    tar.addfile(entry, io.BytesIO(content or b""))


class Floor:
    """An `ssh` for each host, all at once, each with its script."""

    name = "floor"
    project = None

    def __init__(self, hosts: Hosts, folder: Path) -> None:
        self._hosts = hosts
        self._folder = folder

    def declare(self, declared: Declared) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        for host, services in declared.items():
            (self._folder / f"{host}.check").write_text(check(services))
            (self._folder / f"{host}.apply").write_text(apply(services))

    def command(self, case: str) -> Command:
        kind = "check" if case in ("check", "drift") else "apply"
        each = f'ssh -F {self._hosts.ssh_config} "$host" sh -s <"$host.{kind}" &'
        loop = f"for host in {shlex.join(self._hosts.names)}; do {each} done; wait"
        return Command(["sh", "-c", loop], self._folder)

    def found(self, measured: Measured) -> int:
        return measured.output.count("differs: ")
