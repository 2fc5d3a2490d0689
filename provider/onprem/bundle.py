"""The agent as it is sent to a host, a zip made in memory, and what tells which reader it can install."""

import io
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

from onprem.agent import archive

HERE = Path(__file__).parent
EPOCH = (1980, 1, 1, 0, 0, 0)  # the oldest time a zip can hold


@cache
def bundle() -> bytes:
    """The package `agent`, zipped."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted((HERE / "agent").rglob("*.py")):
            entry = zipfile.ZipInfo(str(path.relative_to(HERE)), EPOCH)
            archive.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


@cache
def bootstrap() -> str:
    """The text that `python3 -c` is given on the host."""
    return (HERE / "bootstrap.py").read_text()


READER = "${reader}"


def with_reader(inputs: dict[str, Any]) -> dict[str, Any]:
    """`inputs` with the digest of this reader in each file that should be one: a later one shows as a change."""
    files = {
        path: {**file, "content": f"${{reader:{_reader()}}}"} if file["content"] == READER else file
        for path, file in inputs.get("files", {}).items()
    }
    return {**inputs, "files": files} if files else inputs


@cache
def _reader() -> str | None:
    return archive.digest(archive.reader())
