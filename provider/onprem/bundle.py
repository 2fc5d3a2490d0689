"""The agent as it is sent to a host, a zip made in memory, and what tells which reader it can install."""

import io
import marshal
import zipfile
from functools import cache
from importlib.machinery import SourceFileLoader
from importlib.util import MAGIC_NUMBER
from pathlib import Path
from typing import Any

from onprem.agent import archive

HERE = Path(__file__).parent
EPOCH = (1980, 1, 1, 0, 0, 0)  # the oldest time a zip can hold


UNCHECKED = (1).to_bytes(4, "little") + bytes(8)
"""In the head of compiled code: it is used without a look at its source (PEP 552)."""


@cache
def bundle() -> bytes:
    """The package `agent`, zipped. A host with our version of Python does not compile it again."""
    paths = sorted((HERE / "agent").rglob("*.py"))
    sources = {path: path.read_bytes() for path in paths}
    return _zipped({**sources, **{path.with_suffix(".pyc"): _compiled(path) for path in paths}})


def _compiled(path: Path) -> bytes:
    """Other versions of Python see by its head that it is not for them, and take the source."""
    code = SourceFileLoader(path.stem, str(path)).get_code(path.stem)
    return MAGIC_NUMBER + UNCHECKED + marshal.dumps(code)


def _zipped(contents: dict[Path, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as target:
        for path, content in contents.items():
            target.writestr(zipfile.ZipInfo(str(path.relative_to(HERE)), EPOCH), content, zipfile.ZIP_DEFLATED)
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
