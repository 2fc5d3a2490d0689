"""This package as one file that python3 can run: for the rollback of a confirmed change, and as the reader."""

from __future__ import annotations

import hashlib
import io
import json
import sys
import zipfile
from pathlib import Path

SHEBANG = b"#!/usr/bin/python3 -I\n"
MAIN = "__main__.py"


def archive(module: str) -> bytes:
    """A zip that runs `main` of one of the modules."""
    return _zipped({**_sources(), MAIN: f"from agent.{module} import main\n\nmain()\n".encode()})


def reader() -> bytes:
    """The program of reader.py, executable by itself."""
    return SHEBANG + archive("reader")


def digest(program: bytes) -> str | None:
    """Tells readers apart by their sources, whoever zipped them; None for what is no reader."""
    if not program.startswith(SHEBANG):
        return None
    try:
        with zipfile.ZipFile(io.BytesIO(program[len(SHEBANG) :])) as source:
            sources = {name: hashlib.sha256(source.read(name)).hexdigest() for name in source.namelist()}
    except (zipfile.BadZipFile, ValueError):
        return None
    return hashlib.sha256(json.dumps(sources, sort_keys=True).encode()).hexdigest()


def _zipped(sources: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as target:
        for name, source in sorted(sources.items()):
            target.writestr(zipfile.ZipInfo(name), source, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _sources() -> dict[str, bytes]:
    bundle: str = sys.modules[__package__ or ""].BUNDLE
    if not bundle:
        folder = Path(__file__).parent
        return {f"agent/{path.name}": path.read_bytes() for path in sorted(folder.glob("*.py"))}
    with zipfile.ZipFile(bundle) as source:
        return {name: source.read(name) for name in source.namelist() if name.endswith(".py")}
