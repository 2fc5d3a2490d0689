"""Makes the tarballs of a vendor, for tests: an XMPP server that is not ejabberd, and broken versions of it."""

import gzip
import hashlib
import io
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).parent / "chatserver"


@dataclass(frozen=True)
class Tarball:
    """A tarball and what a vendor publishes about it."""

    path: Path
    version: str
    sha256: str


def build(folder: Path, version: str, changed: Mapping[str, str] | None = None) -> Tarball:
    """`chatserver-VERSION.tar.gz` in `folder`. `changed` has the content of files that differ in this version."""
    texts = {path.name: path.read_text() for path in sorted(SOURCE.iterdir())}
    texts |= {"VERSION": f"{version}\n", **(changed or {})}
    path = folder / f"chatserver-{version}.tar.gz"
    with gzip.GzipFile(path, "wb", mtime=0) as zipped, tarfile.open(fileobj=zipped, mode="w") as tarball:
        for name, text in sorted(texts.items()):
            data = text.encode()
            member = tarfile.TarInfo(f"chatserver-{version}/{name}")
            member.size = len(data)
            member.mode = 0o755 if text.startswith("#!") else 0o644
            tarball.addfile(member, io.BytesIO(data))
    return Tarball(path, version, hashlib.sha256(path.read_bytes()).hexdigest())
