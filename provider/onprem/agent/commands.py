"""Child processes: a clean environment, a session of their own, bounded time and output, killed as a group."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from .errors import AgentError, EndedError

ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LANG": "C.UTF-8",
    "HOME": "/root",
}
KEPT_BYTES = 256 * 1024
PROGRESS_SECONDS = 5
DRAIN_SECONDS = 1
TERMINATE_SECONDS = 5


class Ending:
    """Set once, when the connection ended; children that may be stopped are then killed."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def set(self) -> None:
        self._event.set()

    def is_set(self) -> bool:
        return self._event.is_set()

    def check(self) -> None:
        """Raises when the connection ended."""
        if self._event.is_set():
            raise EndedError

    def wait(self, seconds: float) -> None:
        """Sleeps, but not beyond the end of the connection."""
        if self._event.wait(seconds):
            raise EndedError


@dataclass(frozen=True)
class Output:
    """What a command printed. `code` is None when its time was up."""

    code: int | None
    out: str
    err: str
    seconds: int

    @property
    def succeeded(self) -> bool:
        return self.code == 0

    def cause(self) -> str:
        """How it failed and the last lines it printed, on one line."""
        how = f"not done after {self.seconds} s" if self.code is None else f"exit code {self.code}"
        said = [line.strip() for line in (self.err + "\n" + self.out).splitlines() if line.strip()]
        return f"{how}: {' / '.join(said[-5:])}" if said else how


@dataclass(frozen=True)
class Commands:
    """Runs commands until the connection ends; `progress` is told how long they take."""

    ending: Ending
    progress: Callable[[str], None]
    stoppable: bool = True

    def unstoppable(self) -> Commands:
        """For what must come to its end although the connection is gone."""
        return replace(self, stoppable=False)

    def shell(self, command: str, *, stdin: str | None = None, seconds: int = 120, doing: str = "") -> Output:
        """Runs `command` by /bin/sh; standard input is closed unless `stdin` is given."""
        return self.run(["/bin/sh", "-c", command], stdin=stdin, seconds=seconds, doing=doing)

    def run(
        self,
        argv: Sequence[str],
        *,
        stdin: str | None = None,
        seconds: int = 120,
        doing: str = "",
        environment: dict[str, str] | None = None,
    ) -> Output:
        """Runs a program. Not finding it is an exit code 127, as in a shell."""
        if self.stoppable:
            self.ending.check()
        try:
            child = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={**ENVIRONMENT, **(environment or {})},
                cwd="/",
                start_new_session=True,
            )
        except FileNotFoundError:
            return Output(127, "", f"{argv[0]}: not found", seconds)
        with child:
            return _Talk(self, child, stdin, seconds, doing).finish()

    def must(self, argv: Sequence[str], *, seconds: int = 120) -> str:
        """The output of a program that has to succeed."""
        output = self.run(argv, seconds=seconds)
        if not output.succeeded:
            raise AgentError(f'"{" ".join(argv)}" failed: {output.cause()}')
        return output.out


class _Talk:
    """One child: feeds it, keeps the end of what it prints, ends it in time."""

    def __init__(
        self, commands: Commands, child: subprocess.Popen[bytes], stdin: str | None, seconds: int, doing: str
    ) -> None:
        self.commands, self.child, self.seconds, self.doing = commands, child, seconds, doing
        self.input = memoryview((stdin or "").encode())
        self.kept = {"out": bytearray(), "err": bytearray()}
        self.selector = selectors.DefaultSelector()
        for name, pipe in (("out", child.stdout), ("err", child.stderr)):
            if pipe is not None:
                self.selector.register(pipe, selectors.EVENT_READ, name)
        if child.stdin is not None:
            os.set_blocking(child.stdin.fileno(), False)
            self.selector.register(child.stdin, selectors.EVENT_WRITE, "in")

    def finish(self) -> Output:
        try:
            in_time = self._until(time.monotonic() + self.seconds)
        finally:
            end_group(self.child)
            self.selector.close()
        out, err = (bytes(self.kept[name]).decode("utf-8", "backslashreplace") for name in ("out", "err"))
        return Output(self.child.returncode if in_time else None, out, err, self.seconds)

    def _until(self, deadline: float) -> bool:
        """Whether the child ended by itself before `deadline`. A grandchild may keep the pipes open for longer."""
        began = said = time.monotonic()
        exited = 0.0
        while self.selector.get_map() or self.child.poll() is None:
            self._move()
            now = time.monotonic()
            if self.commands.stoppable:
                self.commands.ending.check()
            if self.child.poll() is not None:
                exited = exited or now
                if now - exited > DRAIN_SECONDS:
                    return True
            elif now > deadline:
                return False
            if self.doing and now - said >= PROGRESS_SECONDS:
                said = now
                self.commands.progress(f"{self.doing}, {now - began:.0f} s")
        return True

    def _move(self) -> None:
        if not self.selector.get_map():
            time.sleep(0.02)
        for key, _ in self.selector.select(0.1):
            if key.data == "in":
                self._feed(key.fd)
            elif piece := os.read(key.fd, 65536):
                kept = self.kept[key.data]
                kept += piece
                del kept[:-KEPT_BYTES]
            else:
                self.selector.unregister(key.fileobj)

    def _feed(self, descriptor: int) -> None:
        try:
            self.input = self.input[os.write(descriptor, self.input[:65536]) :]
        except BrokenPipeError:
            self.input = memoryview(b"")
        if not self.input and self.child.stdin is not None:
            self.selector.unregister(self.child.stdin)
            self.child.stdin.close()


def end_group(child: subprocess.Popen[bytes]) -> None:
    """Ends a child that still runs, and what it started: SIGTERM, then SIGKILL."""
    if child.poll() is None:
        _signal(child.pid, signal.SIGTERM)
        try:
            child.wait(TERMINATE_SECONDS)
        except subprocess.TimeoutExpired:
            _signal(child.pid, signal.SIGKILL)
            child.wait()
        _signal(child.pid, signal.SIGKILL)


def _signal(group: int, number: int) -> None:
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return
