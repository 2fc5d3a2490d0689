"""Runs on the host under `python3 -I -c`: receives the agent and starts it from memory. Works with any Python 3."""

import importlib.abc
import importlib.util
import io
import os
import sys
import zipfile
from importlib.machinery import ModuleSpec

OLDEST = (3, 9)


def receive(count: int) -> bytes:
    """Exactly `count` bytes of descriptor 0, and not one more: the rest belongs to the agent."""
    received = b""
    while len(received) < count:
        piece = os.read(0, count - len(received))
        if not piece:
            sys.exit("the connection ended before the agent arrived")
        received += piece
    return received


class Sent(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Imports the package `agent` from the zip that was sent."""

    def __init__(self, bundle: bytes) -> None:
        archive = zipfile.ZipFile(io.BytesIO(bundle))
        self.sources = {name: archive.read(name).decode() for name in archive.namelist()}

    def path(self, name: str) -> str:
        base = name.replace(".", "/")
        return next((path for path in (base + "/__init__.py", base + ".py") if path in self.sources), "")

    def find_spec(self, name: str, path: object = None, target: object = None) -> "ModuleSpec | None":
        found = self.path(name)
        if not found:
            return None
        return importlib.util.spec_from_loader(name, self, origin=found, is_package=found.endswith("__init__.py"))

    def get_source(self, fullname: str) -> str:
        return self.sources[self.path(fullname)]


if __name__ == "__main__":
    if sys.version_info < OLDEST:
        sys.exit("python3 is %d.%d, needed is %d.%d or newer" % (sys.version_info[:2] + OLDEST))  # noqa: UP031
    os.write(1, b"\0onprem\0")
    bundle = receive(int.from_bytes(receive(4), "big"))
    sys.meta_path.insert(0, Sent(bundle))
    import agent  # type: ignore[import-not-found]
    import agent.main  # type: ignore[import-not-found]

    agent.BUNDLE = bundle
    agent.main.main()
