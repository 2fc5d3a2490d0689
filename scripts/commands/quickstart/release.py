"""The official release of the Pulumi engine, of the version that the locked SDK has, checked against its checksums."""

import hashlib
import platform
import subprocess
import tempfile
import threading
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPResponse
from pathlib import Path

from commands.quickstart import QuickstartError

ARCHIVES = "https://get.pulumi.com/releases/sdk"
CHECKSUMS = "https://github.com/pulumi/pulumi/releases/download"
ARCHITECTURES = {"x86_64": "x64", "aarch64": "arm64"}
ANSWER_SECONDS = 5
SILENCE_SECONDS = 20
CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class Release:
    """One version of the engine and where it is published."""

    version: str
    archives: str = ARCHIVES
    checksums: str = CHECKSUMS

    @property
    def archive(self) -> str:
        """The name of the archive for this machine."""
        machine = platform.machine()
        if machine not in ARCHITECTURES:
            raise QuickstartError(f"Pulumi is not released for {machine}")
        return f"pulumi-v{self.version}-linux-{ARCHITECTURES[machine]}.tar.gz"

    def fetch(self, folder: Path, say: Callable[[str], None]) -> Path:
        """Downloads, checks and unpacks into `folder`, all or nothing. Returns the folder of the programs."""
        url = f"{self.checksums}/v{self.version}/pulumi-{self.version}-checksums.txt"
        wanted = checksum(_answer(url).read().decode(), self.archive)
        say(f"downloading Pulumi {self.version}")
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
            archive = Path(scratch) / self.archive
            found = _save(_answer(f"{self.archives}/{self.archive}"), archive)
            if found != wanted:
                raise QuickstartError(f"{self.archive}: sha256 is {found}, its release publishes {wanted}; not used")
            subprocess.run(["tar", "-xzf", str(archive), "-C", scratch], check=True)
            (Path(scratch) / "pulumi").rename(folder)
        return folder


def checksum(listing: str, name: str) -> str:
    """The sha256 of `name` in the published list."""
    for line in listing.splitlines():
        words = line.split()
        if len(words) == 2 and words[1].removeprefix("*") == name:
            return words[0]
    raise QuickstartError(f"{name}: not in the checksums that the release publishes; not used")


def _answer(url: str) -> HTTPResponse:
    """The answer, or an error within seconds: name resolution alone can take longer than any time limit of a socket."""
    got: list[HTTPResponse | Exception] = []
    asking = threading.Thread(target=lambda: got.append(_open(url)), daemon=True)
    asking.start()
    asking.join(ANSWER_SECONDS)
    if not got:
        raise QuickstartError(f"{url} does not answer within {ANSWER_SECONDS} s")
    if isinstance(got[0], Exception):
        raise QuickstartError(f"{url}: {getattr(got[0], 'reason', got[0])}")
    return got[0]


def _open(url: str) -> HTTPResponse | Exception:
    try:
        answer: HTTPResponse = urllib.request.urlopen(url, timeout=SILENCE_SECONDS)  # noqa: S310 - our own addresses
    except (OSError, ValueError) as error:
        return error
    return answer


def _save(answer: HTTPResponse, path: Path) -> str:
    digest = hashlib.sha256()
    try:
        with path.open("wb") as file:
            while chunk := answer.read(CHUNK_BYTES):
                digest.update(chunk)
                file.write(chunk)
    except OSError as error:
        raise QuickstartError(f"the download stopped: {error}") from None
    return digest.hexdigest()
