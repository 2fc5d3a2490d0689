"""The log of one transaction: written and synced before anything is touched, so that a killed agent can be undone."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .before import Before, DirectoryBefore, FileBefore, UnitBefore, save_directory, save_file
from .files import missing_folders
from .store import drop_folder, make_private, read_json, sync_folder, write_private

LOG = "log.jsonl"
STAYED = "stayed.json"


class UndoLog:
    """Made on the first touch, beginning with how `units` are and `on_begin`; undone by what is read back."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.stage_name = ""
        self.units: dict[str, UnitBefore] = {}
        self.on_begin: Callable[[], None] | None = None
        self._seen: set[tuple[str, str]] = set()

    @property
    def begun(self) -> bool:
        return bool(self._seen)

    def resume(self) -> None:
        """Goes on with the log that is on the disk."""
        self._seen.update(("file", path) for path in Logged(self.folder).before.files)
        self._seen.add(("", ""))

    def stage(self, name: str) -> None:
        """What is being done, for whoever finds this log."""
        self.stage_name = name
        if self.begun:
            self._append({"kind": "stage", "stage": name})

    def file(self, path: str) -> None:
        """Before a file is touched."""
        if self._first("file", path):
            for folder in missing_folders(path):
                self.directory(folder)
            self._append({"kind": "file", "path": path, **vars(save_file(path, self.folder))})

    def directory(self, path: str) -> None:
        """Before a directory is made or changed."""
        if self._first("directory", path):
            for folder in missing_folders(path):
                self.directory(folder)
            self._append({"kind": "directory", "path": path, **vars(save_directory(path))})

    def acting(self, unit: str, verb: str) -> None:
        """Before `systemctl verb unit`."""
        self._first("acting", unit)
        self._append({"kind": "acting", "unit": unit, "verb": verb})

    def enabling(self, unit: str) -> None:
        """Before `systemctl enable` or `disable`."""
        self._first("enabling", unit)

    def added(self, kind: str, name: str) -> None:
        """Before something that stays: a package, a user, the act of a step."""
        if self._first(kind, name):
            self._append({"kind": kind, "name": name})

    def abandon(self) -> None:
        """The transaction was undone. The packages and users that stay are remembered for the next manifest."""
        logged = Logged(self.folder)
        if logged.packages or logged.users:
            kept = stayed(self.folder.parent)
            found = {
                "packages": sorted({*kept["packages"], *logged.packages}),
                "users": sorted({*kept["users"], *logged.users}),
            }
            write_private(self.folder.parent / STAYED, json.dumps(found).encode())
        self.drop()

    def drop(self) -> None:
        """The transaction is over."""
        drop_folder(self.folder)
        self._seen.clear()

    def _first(self, kind: str, name: str) -> bool:
        if not self.begun:
            make_private(self.folder)
            self._seen.add(("", ""))
            self._append({"kind": "stage", "stage": self.stage_name})
            sync_folder(self.folder)
            for unit, before in self.units.items():
                self._append({"kind": "unit", "unit": unit, **vars(before)})
            if self.on_begin is not None:
                self.on_begin()
        is_first = (kind, name) not in self._seen
        self._seen.add((kind, name))
        return is_first

    def _append(self, entry: dict[str, Any]) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        descriptor = os.open(self.folder / LOG, flags, 0o600)
        try:
            os.write(descriptor, json.dumps(entry).encode() + b"\n")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def stayed(folder: Path) -> dict[str, list[str]]:
    """The packages and users that came with undone transactions of the service whose folder this is."""
    found: dict[str, list[str]] = read_json(folder / STAYED) or {"packages": [], "users": []}
    return found


class Logged:
    """What a log on the disk says."""

    def __init__(self, folder: Path) -> None:
        self.before = Before()
        self.acted: dict[str, str] = {}
        self.packages: list[str] = []
        self.users: list[str] = []
        self.acts: list[str] = []
        self.stage = ""
        for entry in _entries(folder / LOG):
            self._take(entry)

    def _take(self, entry: dict[str, Any]) -> None:
        kind = entry.pop("kind")
        if kind == "file":
            path = entry.pop("path")
            self.before.files[path] = FileBefore(**entry)
        elif kind == "directory":
            path = entry.pop("path")
            self.before.directories[path] = DirectoryBefore(**entry)
        elif kind == "unit":
            unit = entry.pop("unit")
            self.before.units[unit] = UnitBefore(**entry)
        elif kind == "acting":
            self.acted[entry["unit"]] = entry["verb"]
        elif kind == "stage":
            self.stage = entry["stage"]
        else:
            {"package": self.packages, "user": self.users, "act": self.acts}[kind].append(entry["name"])

    def stayed(self) -> list[str]:
        """What a roll back leaves behind, for an operator."""
        named = (("package", self.packages), ("user", self.users), ("act of step", self.acts))
        return [f"{kind} {name}" for kind, names in named for name in names]


def _entries(path: Path) -> list[dict[str, Any]]:
    """The entries; the last line may have been cut off while it was written, before what it says was done."""
    try:
        lines = path.read_text().splitlines(keepends=True)
    except FileNotFoundError:
        return []
    return [json.loads(line) for line in lines if line.endswith("\n")]
