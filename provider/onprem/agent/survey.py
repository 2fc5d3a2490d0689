"""What is on a host, whoever put it there: units, ports, logins, jobs, files of no package. Changes nothing."""

from __future__ import annotations

import contextlib
import glob
import hashlib
import os
import pwd
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from . import accounts, files, login
from .commands import Commands

KINDS = "--type=service,socket,timer,mount"
JOB_FOLDERS = tuple(f"/etc/cron.{name}" for name in ("d", "hourly", "daily", "weekly", "monthly", "yearly"))
CRONTABS = "/var/spool/cron/crontabs"
LOCAL_UNITS = "/etc/systemd/system"
NO_SHELL = ("nologin", "false", "sync")
MOST_FILES = 2000
PROCESS = re.compile(r'\(\("([^"]+)"')


def collect(commands: Commands, folders: Iterable[str], paths: Iterable[str]) -> dict[str, Any]:
    """`folders` are searched for files that no package brought as they are; of `paths`, globs, the sizes are told."""
    found = [path for folder in folders for path in _walk(folder)][:MOST_FILES]
    jobs = [*(path for folder in JOB_FOLDERS for path in _walk(folder)), "/etc/crontab", *_walk(CRONTABS)]
    brought = Brought(commands)
    return {
        "units": _units(commands, brought),
        "ports": _ports(commands),
        "logins": list(_logins()),
        "jobs": [path for path in jobs if not brought.unchanged(path)],
        "files": [path for path in dict.fromkeys(found) if not brought.unchanged(path)],
        "sizes": {path: size(path) for pattern in paths for path in sorted(glob.glob(pattern))},  # noqa: PTH207
    }


def size(path: str) -> int:
    """Of what is at `path`, in bytes."""
    return Path(path).lstat().st_size


class Brought:
    """What packages brought, by path: the MD5 sum that dpkg remembers."""

    def __init__(self, commands: Commands) -> None:
        self._sums: dict[str, str] = {}
        for line in commands.run(["dpkg-query", "--show", "--showformat=${Conffiles}\n"]).out.splitlines():
            words = line.split()
            if len(words) >= 2:
                self._sums[words[0]] = words[1]
        for path in Path("/var/lib/dpkg/info").glob("*.md5sums"):
            for line in path.read_text(errors="replace").splitlines():
                total, _, name = line.partition("  ")
                self._sums[f"/{name}"] = total

    def knows(self, path: str) -> bool:
        """Whether a package brought it; /lib is /usr/lib."""
        return path in self._sums or path.replace("/usr/lib/", "/lib/", 1) in self._sums

    def unchanged(self, path: str) -> bool:
        """Whether it is as a package brought it, or not there at all."""
        if files.look(path).kind != "file":
            return True
        total = hashlib.md5(files.read(path))  # noqa: S324 - what dpkg keeps
        return self._sums.get(path) == total.hexdigest()


def _walk(folder: str) -> Iterator[str]:
    """Regular files, at any depth; links are not followed."""
    for above, _, names in sorted(os.walk(folder)):
        yield from (f"{above}/{name}" for name in sorted(names) if files.look(f"{above}/{name}").kind == "file")


def _units(commands: Commands, brought: Brought) -> list[dict[str, Any]]:
    """Those that run or are enabled. `local`: no package brought the file, or none made it."""
    argv = ["systemctl", "list-unit-files", "--plain", "--no-legend", "--state=enabled", KINDS]
    enabled = {line.split()[0] for line in commands.run(argv).out.splitlines() if line.strip()}
    argv = ["systemctl", "list-units", "--plain", "--no-legend", "--state=active", KINDS]
    running = {line.split()[0] for line in commands.run(argv).out.splitlines() if line.strip()}
    named = sorted(name for name in enabled | running if "@." not in name)
    shown = commands.run(["systemctl", "show", "--property=Id,FragmentPath", "--", *named]).out if named else ""
    blocks = [dict(line.partition("=")[::2] for line in block.splitlines()) for block in shown.split("\n\n")]
    found = {block["Id"]: block.get("FragmentPath", "") for block in blocks if "Id" in block}
    return [
        {
            "unit": name,
            "running": name in running,
            "enabled": name in enabled,
            "local": path.startswith(f"{LOCAL_UNITS}/") and not brought.knows(path),
        }
        for name, path in sorted(found.items())
        if path
    ]


def _ports(commands: Commands) -> list[dict[str, Any]]:
    """What listens, by the name of the process."""
    found = []
    for line in commands.run(["ss", "-Hlntup"]).out.splitlines():
        words = line.split()
        address, _, port = words[4].rpartition(":")
        process = PROCESS.search(line)
        entry = {"protocol": words[0], "address": address.partition("%")[0], "port": int(port)}
        found.append({**entry, "process": process.group(1) if process else ""})
    return sorted(found, key=lambda entry: (entry["port"], entry["protocol"], entry["address"]))


def _logins() -> Iterator[dict[str, Any]]:
    """Accounts with a shell and a way in: a password, or a key. Keys are public; the password is not looked at."""
    with_password = _with_password()
    for entry in pwd.getpwall():
        if entry.pw_shell.rpartition("/")[2] in NO_SHELL:
            continue
        keys, has_password = list(_keys(entry)), entry.pw_name in with_password
        if keys or has_password:
            yield {
                "user": entry.pw_name,
                "regular": entry.pw_uid >= accounts.FIRST_REGULAR,
                "home": entry.pw_dir,
                "shell": entry.pw_shell,
                "sudo": accounts.is_member(entry, "sudo"),
                "password": has_password,
                "keys": keys,
            }


def _with_password() -> set[str]:
    """The accounts whose password is neither locked nor missing."""
    with contextlib.suppress(OSError):
        entries = [line.split(":") for line in files.read("/etc/shadow").decode().splitlines()]
        return {entry[0] for entry in entries if entry[1] and not entry[1].startswith(("!", "*"))}
    return set()


def _keys(entry: pwd.struct_passwd) -> Iterator[str]:
    for name in login.DEFAULT_KEY_FILES.split():
        path = f"{entry.pw_dir.rstrip('/')}/{name}"
        if files.look(path).kind == "file":
            lines = files.read(path).decode("utf-8", "replace").splitlines()
            yield from (line.strip() for line in lines if line.strip() and not line.startswith("#"))
