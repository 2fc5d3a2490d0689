"""What a run without the engine keeps: one file per stack, for root's or the operator's eyes only."""

import fcntl
import json
import os
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from commands.apply import ApplyError

VERSION = 1


@dataclass(frozen=True)
class Resource:
    """One resource as it was made last: what it was asked to be, and what came of it."""

    id: str
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]


class Saved:
    """The resources of one stack by URN and its exported values, written to disk on every change."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._writing = threading.Lock()
        content = _read(path)
        self.resources = {urn: Resource(**fields) for urn, fields in content["resources"].items()}
        self.outputs: dict[str, Any] = content["outputs"]

    def keep(self, urn: str, resource: Resource) -> None:
        """Remembers `resource`; called from several threads."""
        with self._writing:
            self.resources[urn] = resource
            self._write()

    def export(self, outputs: Mapping[str, Any]) -> None:
        """Remembers what the program exports."""
        with self._writing:
            self.outputs = dict(outputs)
            self._write()

    def _write(self) -> None:
        resources = {urn: asdict(resource) for urn, resource in self.resources.items()}
        content = {"version": VERSION, "outputs": self.outputs, "resources": resources}
        with tempfile.NamedTemporaryFile("w", dir=self.path.parent, delete=False) as file:  # made with mode 0600
            json.dump(content, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        Path(file.name).replace(self.path)


@contextmanager
def opened(folder: Path, stack: str) -> Iterator[Saved]:
    """The saved values of `stack`, for one run at a time."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / f".{stack}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ApplyError(f"{stack}: another run is at work on it; wait for that one to end") from None
        yield Saved(saved_path(folder, stack))


def saved_path(folder: Path, stack: str) -> Path:
    """The file of `stack`."""
    return folder / f"{stack}.json"


def _read(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {"resources": {}, "outputs": {}}
    if path.stat().st_mode & 0o077:
        raise ApplyError(f"{path}: others may read it, and it holds secrets; run: chmod 600 {path}")
    content: dict[str, Any] = json.loads(path.read_text())
    if content.get("version") != VERSION:
        raise ApplyError(f"{path}: written by another version of this program; it can't be read")
    return content
