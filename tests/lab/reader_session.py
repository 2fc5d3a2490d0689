"""The other end of a host's reader, held by somebody who means no good: its key, and full control of the client."""

import contextlib
import json
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from onprem.transport import READER_MARKER
from tests.lab.private_lab import ROOT, PrivateLab

ACCOUNT = "im-reader"
SECONDS = 60
TIMED_OUT = 124
SSH = ("ssh", "-T")


@dataclass(frozen=True)
class Thief:
    """Has the private key in `config`, an ssh configuration, and nothing else."""

    lab: PrivateLab
    config: Path
    address: str

    def command(self, *words: str, program: Sequence[str] = SSH, seconds: int = SECONDS) -> list[str]:
        """`ssh WORDS…` in the lab's network, for a limited time."""
        return self.lab.argv("run", "--", "timeout", str(seconds), *program, "-F", str(self.config), *words)

    def run(
        self, *words: str, program: Sequence[str] = SSH, sent: bytes = b"", seconds: int = SECONDS
    ) -> subprocess.CompletedProcess[bytes]:
        """What comes back from one login to which `sent` is said."""
        argv = self.command(*words, program=program, seconds=seconds)
        return subprocess.run(argv, input=sent, capture_output=True, cwd=ROOT, check=False)

    @property
    def login(self) -> str:
        return f"{ACCOUNT}@{self.address}"


def thief(lab: PrivateLab, address: str, key: Path) -> Thief:
    """The lab's ssh configuration with the reader's key as the only one."""
    known = Path(lab.run(["sh", "-c", 'echo "$ONPREM_SSH_CONFIG"']).stdout.strip())
    config = known.with_name("reader")
    config.write_text(re.sub(r"IdentityFile .*", f'IdentityFile "{key}"', known.read_text()))
    return Thief(lab, config, address)


class ReaderSession:
    """One connection to the reader; frames go as they are given."""

    def __init__(self, thief: Thief, *options: str, seconds: int = SECONDS) -> None:
        pipe = subprocess.PIPE
        argv = thief.command(*options, thief.login, seconds=seconds)
        self.process = subprocess.Popen(argv, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, cwd=ROOT)
        self.received = b""

    def start(self) -> bool:
        """Whether the reader answers."""
        return self._read(len(READER_MARKER)) == READER_MARKER

    def send(self, data: bytes) -> None:
        """Bytes as they are, until nobody takes them any more."""
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(data)
            self.process.stdin.flush()

    def ask(self, **request: Any) -> dict[str, Any]:
        """Result, or error with `message`."""
        self.send(frame(request))
        while "progress" in (answer := self.receive()):
            pass
        return dict(answer.get("result") or answer["error"])

    def receive(self) -> dict[str, Any]:
        """The next frame."""
        size = int.from_bytes(self._read(4), "big")
        return dict(json.loads(self._read(size)))

    def is_ended_by_the_host(self) -> bool:
        """Waits for it; the input stays open, and answers are taken."""
        assert self.process.stdout is not None
        self.process.stdout.read()
        return self.process.wait() != TIMED_OUT

    @property
    def text(self) -> str:
        """Everything that came."""
        return self.received.decode(errors="replace")

    def _read(self, count: int) -> bytes:
        out: IO[bytes] | None = self.process.stdout
        assert out is not None
        piece = out.read(count)
        self.received += piece
        return piece

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()
        self.process.wait()


def frame(request: Mapping[str, Any]) -> bytes:
    """As the provider writes it."""
    body = json.dumps({"id": 1, **request}).encode()
    return len(body).to_bytes(4, "big") + body
