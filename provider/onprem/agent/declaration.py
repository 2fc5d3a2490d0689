"""The declared state of a service, checked and typed. The wire form is in provider/README.md."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .errors import AgentError
from .text import Names

SERVICE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
OWN_FOLDER = "/var/lib/onprem"
READER = re.compile(r"\$\{reader:([0-9a-f]{64})\}")
"""The whole content of a file that should be the reader: archive.py makes it, and its digest tells which it is."""


@dataclass(frozen=True)
class File:
    """A regular file; `content` is the template."""

    path: str
    content: str
    mode: int
    owner: str
    group: str
    early: bool


@dataclass(frozen=True)
class Directory:
    """A directory; what it holds is not managed."""

    path: str
    mode: int
    owner: str
    group: str


@dataclass(frozen=True)
class User:
    """A local account without a password."""

    name: str
    system: bool
    home: str
    shell: str
    groups: tuple[str, ...]


@dataclass(frozen=True)
class Unit:
    """A systemd unit and the paths whose change reloads or restarts it."""

    name: str
    running: bool
    enabled: bool
    reload_on: tuple[str, ...]
    restart_on: tuple[str, ...]


@dataclass(frozen=True)
class Step:
    """A repeatable action with a state that can be read."""

    name: str
    read: str
    want: str
    act: str
    stdin: str
    after: tuple[str, ...]
    when: str
    seconds: int


@dataclass(frozen=True)
class Health:
    """A command that succeeds once this member serves."""

    command: str
    seconds: int


@dataclass(frozen=True)
class Declaration:
    """What one service declares on this host."""

    service: str
    names: Names
    packages: Mapping[str, str] = field(default_factory=dict)
    users: Mapping[str, User] = field(default_factory=dict)
    directories: Mapping[str, Directory] = field(default_factory=dict)
    files: Mapping[str, File] = field(default_factory=dict)
    units: Mapping[str, Unit] = field(default_factory=dict)
    steps: Mapping[str, Step] = field(default_factory=dict)
    validate: Mapping[str, str] = field(default_factory=dict)
    before_restart: str = ""
    leave: str = ""
    healthy: Health | None = None
    confirm: bool = False
    raw: Mapping[str, Any] = field(default_factory=dict)

    def command(self, text: str, place: str) -> str:
        """A command with its values; a secret would show in the list of processes and is refused."""
        return self.names.join(text, place)

    def content(self, file: File) -> bytes:
        """What the file should hold."""
        if wanted := READER.fullmatch(file.content):
            return _reader(file.path, wanted.group(1))
        return self.names.join(file.content, file.path, secret=True).encode()


Wire = dict[str, Any]


def service_name(name: Any) -> str:
    """`name` when it may name a service, and so a folder."""
    if not isinstance(name, str) or not SERVICE.fullmatch(name):
        raise AgentError(f"{name!r} is no name of a service; letters, digits, dots, dashes and underscores are")
    return name


def parse(service: str, raw: Mapping[str, Any]) -> Declaration:
    """The wire form as a Declaration; raises AgentError naming what is wrong."""
    try:
        return _parse(service_name(service), raw)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise AgentError(f"{service}: the declaration cannot be read: {error!r}") from error


def _parse(service: str, raw: Mapping[str, Any]) -> Declaration:
    healthy = raw.get("healthy")
    return Declaration(
        service=service,
        names=Names(_texts(raw, "values"), _texts(raw, "secrets")),
        packages=_texts(raw, "packages"),
        users={name: _user(name, item) for name, item in _items(raw, "users")},
        directories={path: _directory(path, item) for path, item in _items(raw, "directories")},
        files={path: _file(path, item) for path, item in _items(raw, "files")},
        units={name: _unit(name, item) for name, item in _items(raw, "units")},
        steps={name: _step(name, item) for name, item in _items(raw, "steps")},
        validate=_texts(raw, "validate"),
        before_restart=raw.get("before_restart") or "",
        leave=raw.get("leave") or "",
        healthy=Health(healthy["command"], int(healthy.get("seconds", 60))) if healthy else None,
        confirm=bool(raw.get("confirm")),
        raw=raw,
    )


def _items(raw: Mapping[str, Any], key: str) -> list[tuple[str, Wire]]:
    return list((raw.get(key) or {}).items())


def _texts(raw: Mapping[str, Any], key: str) -> dict[str, str]:
    return {name: str(value) for name, value in _items(raw, key)}


def _file(path: str, item: Wire) -> File:
    return File(checked_path(path), item["content"], *_access(item, "0644"), bool(item.get("early")))


def _directory(path: str, item: Wire) -> Directory:
    return Directory(checked_path(path), *_access(item, "0755"))


def _access(item: Wire, mode: str) -> tuple[int, str, str]:
    return int(str(item.get("mode", mode)), 8), item.get("owner", "root"), item.get("group", "root")


def _user(name: str, item: Wire) -> User:
    return User(
        name,
        bool(item.get("system", True)),
        item.get("home", "/nonexistent"),
        item.get("shell", "/usr/sbin/nologin"),
        tuple(item.get("groups") or ()),
    )


def _unit(name: str, item: Wire) -> Unit:
    return Unit(
        name,
        bool(item.get("running", True)),
        bool(item.get("enabled", True)),
        tuple(item.get("reload_on") or ()),
        tuple(item.get("restart_on") or ()),
    )


def _step(name: str, item: Wire) -> Step:
    return Step(
        name,
        item["read"],
        item["want"],
        item["act"],
        item.get("stdin") or "",
        tuple(item.get("after") or ()),
        item.get("when") or "healthy",
        int(item.get("seconds") or 120),
    )


def _reader(path: str, wanted: str) -> bytes:
    from . import archive

    made = archive.reader()
    if archive.digest(made) != wanted:
        raise AgentError(f"{path} should be the reader of another release than this; run the whole update again")
    return made


def checked_path(path: str) -> str:
    """`path` when it is absolute, written in its shortest form and not the agent's own."""
    if not path.startswith("/") or posixpath.normpath(path) != path or path == "/" or "\0" in path:
        raise AgentError(f"{path}: a managed path must be absolute and in its shortest form")
    if path == OWN_FOLDER or path.startswith((OWN_FOLDER + "/", "/proc/", "/sys/", "/dev/")):
        raise AgentError(f"{path}: this path cannot be managed")
    return path
