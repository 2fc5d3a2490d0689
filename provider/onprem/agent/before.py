"""How things were before they were touched: the records of a transaction, and of the first apply for Delete."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from . import files
from .store import write_private


@dataclass(frozen=True)
class FileBefore:
    """`state`: absent, saved (its content is in `backup`), or as_declared (equal when it was adopted)."""

    state: str
    mode: int = 0
    uid: int = 0
    gid: int = 0
    digest: str = ""
    backup: str = ""


@dataclass(frozen=True)
class DirectoryBefore:
    """A directory that was there, or was not."""

    existed: bool
    mode: int = 0
    uid: int = 0
    gid: int = 0


@dataclass(frozen=True)
class UnitBefore:
    """A unit as systemd knew it. `enabled` is what `systemctl is-enabled` printed."""

    active: bool
    enabled: str


@dataclass
class Before:
    """Records by path and unit name."""

    files: dict[str, FileBefore] = field(default_factory=dict)
    directories: dict[str, DirectoryBefore] = field(default_factory=dict)
    units: dict[str, UnitBefore] = field(default_factory=dict)

    def wire(self) -> dict[str, Any]:
        """As JSON data."""
        return asdict(self)


def from_wire(data: dict[str, Any]) -> Before:
    """The records of JSON data."""
    return Before(
        {path: FileBefore(**item) for path, item in data.get("files", {}).items()},
        {path: DirectoryBefore(**item) for path, item in data.get("directories", {}).items()},
        {name: UnitBefore(**item) for name, item in data.get("units", {}).items()},
    )


def save_file(path: str, folder: Path) -> FileBefore:
    """Copies a file into `folder`, durably; the record says how to put it back."""
    files.refuse_link(path)
    found = files.look(path)
    if found.kind == "absent":
        return FileBefore("absent")
    content = files.read(path)
    name = backup_name(path)
    files.write(str(folder / name), content, 0o600, 0, 0)
    return FileBefore("saved", found.mode, found.uid, found.gid, digest(content), name)


def backup_name(path: str) -> str:
    """A name for the copy of `path` that no other path has."""
    return f"{hashlib.sha256(path.encode()).hexdigest()[:16]}-{path.rpartition('/')[2][:100]}"


def digest(content: bytes) -> str:
    """Tells whether content is the same."""
    return hashlib.sha256(content).hexdigest()


def as_declared(path: str, content: bytes) -> FileBefore:
    """The record of a file that was adopted: Delete leaves it where it is."""
    found = files.look(path)
    return FileBefore("as_declared", found.mode, found.uid, found.gid, digest(content))


def put_back_file(path: str, before: FileBefore, folder: Path) -> bool:
    """The file as it was; whether anything had to be done."""
    files.remove(files.staged(path))
    found = files.look(path)
    if before.state == "as_declared" or found.kind == before.state:
        return False
    if before.state == "absent":
        files.remove(path)
        return True
    if (found.kind, found.mode, found.uid, found.gid) == ("file", before.mode, before.uid, before.gid) and digest(
        files.read(path)
    ) == before.digest:
        return False
    files.write(path, (folder / before.backup).read_bytes(), before.mode, before.uid, before.gid)
    return True


def save_directory(path: str) -> DirectoryBefore:
    """The record of a directory."""
    found = files.look(path)
    return DirectoryBefore(found.kind == "directory", found.mode, found.uid, found.gid)


def put_back_directory(path: str, before: DirectoryBefore) -> bool:
    """The directory as it was; whether that was done. One that we made goes when it is empty."""
    found = files.look(path)
    if not before.existed:
        return found.kind == "directory" and files.remove_empty_folder(path)
    if found.kind == "directory" and (found.mode, found.uid, found.gid) == (before.mode, before.uid, before.gid):
        return False
    files.make_folder(path, before.mode, before.uid, before.gid)
    return True


def keep_backups(records: dict[str, FileBefore], source: Path, target: Path) -> None:
    """Copies the backups that `records` name into `target`, durably."""
    for record in records.values():
        kept = target / record.backup
        if record.backup and not (kept.exists() and digest(kept.read_bytes()) == record.digest):
            write_private(kept, (source / record.backup).read_bytes())


def drop_backups(records: dict[str, FileBefore], folder: Path) -> None:
    """Removes the backups that no record names any more."""
    named = {record.backup for record in records.values()}
    for path in folder.iterdir():
        if path.name not in named:
            path.unlink()
