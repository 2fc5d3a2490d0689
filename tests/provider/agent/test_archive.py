"""The agent as a program in one file."""

import io
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from onprem.agent import archive


def test_the_archive_runs_without_anything_else(tmp_path: Path) -> None:
    """A zip that python3 starts; here its input ends at once, before it touches anything."""
    path = tmp_path / "agent.pyz"
    path.write_bytes(archive.archive("main"))

    done = subprocess.run([sys.executable, "-I", path], input=b"", capture_output=True, check=False)

    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_the_reader_says_what_it_is_and_ends_with_its_input(tmp_path: Path) -> None:
    path = tmp_path / "reader"
    path.write_bytes(archive.reader())

    done = subprocess.run([sys.executable, "-I", path], input=b"", capture_output=True, check=False)

    assert (done.returncode, done.stdout, done.stderr) == (0, b"\0onprem-reader\0", b"")


def rezipped(program: bytes, extra: dict[str, bytes]) -> bytes:
    """The same sources as another zlib would pack them, and `extra`."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(program)) as source, zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as target:
        for name in source.namelist():
            target.writestr(name, extra.get(name, source.read(name)))
        for name in extra.keys() - set(source.namelist()):
            target.writestr(name, extra[name])
    return archive.SHEBANG + buffer.getvalue()


def test_its_digest_is_that_of_its_sources() -> None:
    made = archive.reader()

    assert archive.digest(rezipped(made, {})) == archive.digest(made)
    assert archive.digest(rezipped(made, {"agent/text.py": b""})) != archive.digest(made)
    assert archive.digest(rezipped(made, {"agent/more.py": b""})) != archive.digest(made)


@pytest.mark.parametrize("program", [b"", b"#!/bin/sh\n", archive.SHEBANG, archive.archive("reader")])
def test_what_is_no_reader_has_no_digest(program: bytes) -> None:
    assert archive.digest(program) is None
