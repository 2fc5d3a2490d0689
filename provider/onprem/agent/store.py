"""What the agent keeps on the host: the lock, and a folder per service. Reading makes nothing."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .files import open_unnoticed, staged

ROOT = Path("/var/lib/onprem")


@dataclass(frozen=True)
class Store:
    """Paths below one folder, all of it root's only."""

    root: Path = ROOT

    @property
    def lock(self) -> Path:
        return self.root / "lock"

    @property
    def armed(self) -> Path:
        return self.root / "armed"

    @property
    def archive(self) -> Path:
        return self.root / "agent.pyz"

    def service(self, service: str) -> Path:
        return self.root / "services" / service

    def manifest(self, service: str) -> Path:
        return self.service(service) / "manifest.json"

    def originals(self, service: str) -> Path:
        return self.service(service) / "originals"

    def transaction(self, service: str) -> Path:
        return self.service(service) / "transaction"

    def services(self) -> list[str]:
        """The services that have a manifest."""
        return sorted(path.parent.name for path in self.root.glob("services/*/manifest.json"))

    def unfinished(self) -> list[str]:
        """The services whose transaction is there."""
        return sorted(path.parent.name for path in self.root.glob("services/*/transaction"))


def make_private(folder: Path) -> Path:
    """A folder for root only, and those above it, durably."""
    if not folder.is_dir():
        make_private(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
        sync_folder(folder.parent)
    return folder


def write_private(path: Path, content: bytes) -> None:
    """A file for root only, complete or not there at all."""
    fresh = Path(staged(str(path)))
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.rename(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Makes the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_json(path: Path) -> Any:
    """The data of a file, None when it is not there."""
    try:
        with os.fdopen(open_unnoticed(path, os.O_CLOEXEC), "rb") as file:
            return json.load(file)
    except FileNotFoundError:
        return None


def drop_folder(folder: Path) -> None:
    """Removes a folder: at once under its own name, then piece by piece."""
    import shutil

    gone = folder.with_name(folder.name + ".gone")
    shutil.rmtree(gone, ignore_errors=True)
    try:
        folder.rename(gone)
    except FileNotFoundError:
        return
    sync_folder(gone.parent)
    shutil.rmtree(gone)
