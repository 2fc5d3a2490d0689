"""A connection to the agent on a lab host, frame by frame, as the provider makes it."""

import contextlib
import io
import itertools
import json
import shlex
import subprocess
import threading
import zipfile
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from onprem.bundle import bootstrap, bundle

ROOT = Path(__file__).parents[2]
MARKER = b"\0onprem\0"
PING_SECONDS = 10


def changed_bundle(module: str, old: str, new: str) -> bytes:
    """The agent with one line of a module changed, so that a test need not wait for a minute."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(bundle())) as source, zipfile.ZipFile(buffer, "w") as target:
        for name in source.namelist():
            if name.endswith(".pyc"):
                continue
            text = source.read(name).decode()
            if name == f"agent/{module}.py":
                assert text.count(f"\n{old}\n") == 1
                text = text.replace(f"\n{old}\n", f"\n{new}\n")
            target.writestr(name, text)
    return buffer.getvalue()


class AgentFailedError(Exception):
    """The error that the agent answered."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(error["message"])
        self.rolled_back: list[str] = error.get("rolled_back", [])
        self.stayed: list[str] = error.get("stayed", [])
        self.journal: list[str] = error.get("journal", [])


class AgentSession:
    """One agent process on `host` of the lab `stack`."""

    def __init__(self, stack: str, host: str, archive: bytes | None = None) -> None:
        command = f"sudo=; [ $(id -u) = 0 ] || sudo='sudo -n'; exec $sudo python3 -I -S -c {shlex.quote(bootstrap())}"
        argv = [str(ROOT / "scripts/lab"), "ssh", stack, host, command]
        self.process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._numbers = itertools.count(1)
        self._writing = threading.Lock()
        self.progress: list[str] = []
        assert self._out.read(len(MARKER)) == MARKER
        self._write(bundle() if archive is None else archive)
        self._over = threading.Event()
        threading.Thread(target=self._ping, daemon=True).start()

    def _ping(self) -> None:
        while not self._over.wait(PING_SECONDS):
            with contextlib.suppress(OSError, ValueError):
                self._write(b'{"op": "ping"}')

    def fall_silent(self) -> None:
        """As if the network were cut: nothing is sent any more, and the connection does not end."""
        self._over.set()

    @property
    def _out(self) -> IO[bytes]:
        assert self.process.stdout is not None
        return self.process.stdout

    def _write(self, body: bytes) -> None:
        assert self.process.stdin is not None
        with self._writing:
            self.process.stdin.write(len(body).to_bytes(4, "big") + body)
            self.process.stdin.flush()

    def send(self, op: str, **arguments: Any) -> None:
        """Asks without waiting for the answer."""
        self._write(json.dumps({"id": next(self._numbers), "op": op, **arguments}).encode())

    def answered(self) -> bool:
        """Waits for the answer to what was asked last; False when the agent ended before."""
        while header := self._out.read(4):
            if "progress" not in json.loads(self._out.read(int.from_bytes(header, "big"))):
                return True
        return False

    def receive(self) -> dict[str, Any]:
        """The next frame that is no progress."""
        while (frame := self.receive_progress()) is None:
            pass
        return frame

    def receive_progress(self) -> dict[str, Any] | None:
        """The next frame; progress is only noted."""
        header = self._out.read(4)
        assert len(header) == 4, "the agent ended"
        frame: dict[str, Any] = json.loads(self._out.read(int.from_bytes(header, "big")))
        if "progress" not in frame:
            return frame
        self.progress.append(frame["progress"])
        return None

    def request(self, op: str, **arguments: Any) -> dict[str, Any]:
        """The result; raises the error that the agent answers."""
        self.send(op, **arguments)
        answer = self.receive()
        if "error" in answer:
            raise AgentFailedError(answer["error"])
        result: dict[str, Any] = answer["result"]
        return result

    def close(self) -> None:
        """Ends the input, as a controller does that goes away, and waits for the agent."""
        assert self.process.stdin is not None
        self._over.set()
        self.process.stdin.close()
        self.process.wait(60)
        self._out.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.close()
