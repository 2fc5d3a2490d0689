"""The agent's process: requests come in, readers work side by side, writers one after the other."""

from __future__ import annotations

import os
import queue
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any, BinaryIO

from . import frames
from .commands import Commands, Ending
from .errors import AgentError
from .operations import WRITERS, Call, operation
from .scrubber import Scrubber
from .store import Store
from .together import Together

SILENCE_SECONDS = 60
READER_THREADS = 4


class Workers:
    """Threads that work on requests, first come, first served. An executor would take long to import."""

    def __init__(self, count: int, work: Callable[[dict[str, Any]], None]) -> None:
        self._work = work
        self._waiting: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._threads = [threading.Thread(target=self._run) for _ in range(count)]
        for thread in self._threads:
            thread.start()

    def give(self, request: dict[str, Any]) -> None:
        """Returns at once."""
        self._waiting.put(request)

    def finish(self) -> None:
        """Returns once all that was given is done."""
        for _ in self._threads:
            self._waiting.put(None)
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        while (request := self._waiting.get()) is not None:
            self._work(request)


class Agent:
    """Answers requests until the connection ends, then lets what is under way put itself back."""

    def __init__(self, source: BinaryIO, sink: BinaryIO, store: Store) -> None:
        self._source, self._sink, self._store = source, sink, store
        self._ending = Ending()
        self._together = Together()
        self._writing = threading.Lock()
        self._requests: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._readers = Workers(READER_THREADS, self._answer)
        self._writer = Workers(1, self._answer)

    def serve(self) -> None:
        """Returns once the connection ended and nothing is under way any more."""
        threading.Thread(target=self._receive, daemon=True).start()
        while (request := self._next()) is not None:
            if request.get("op") != "ping":
                self._together.units.expect(declared_units(request))
                workers = self._writer if request.get("op") in WRITERS else self._readers
                workers.give(request)
        self._ending.set()
        self._readers.finish()
        self._writer.finish()

    def end(self, *_: Any) -> None:
        """As if the connection had ended."""
        self._requests.put(None)

    def _receive(self) -> None:
        try:
            while (request := self._frame()) is not None:
                self._requests.put(request)
        except (OSError, ValueError, RecursionError, AgentError) as error:
            self._send({"id": None, "error": {"message": str(error)}})
        self._requests.put(None)

    def _frame(self) -> dict[str, Any] | None:
        return frames.read(self._source)

    def _next(self) -> dict[str, Any] | None:
        """The next request; None when the connection ended or was silent for too long."""
        try:
            return self._requests.get(timeout=SILENCE_SECONDS)
        except queue.Empty:
            return None

    def _answer(self, request: dict[str, Any]) -> None:
        scrubber = Scrubber(known_secrets(request))
        try:
            self._ending.check()
            result = operation(request.get("op"))(self._call(request, scrubber))
            answer = {"result": result}
        except AgentError as error:
            answer = {"error": described(error, scrubber)}
        except Exception as error:  # noqa: BLE001 - whoever waits must get an answer
            answer = {"error": {"message": scrubber.text(f"the agent failed: {_where(error)}")}}
        self._send({"id": request.get("id"), **answer})

    def _call(self, request: dict[str, Any], scrubber: Scrubber) -> Call:
        def progress(text: str) -> None:
            self._send({"id": request.get("id"), "progress": scrubber.text(text)})

        return Call(self._store, Commands(self._ending, progress), scrubber, request, self._together)

    def _send(self, frame: dict[str, Any]) -> None:
        try:
            with self._writing:
                frames.write(self._sink, frame)
        except OSError:
            self.end()


def declared_units(request: dict[str, Any]) -> list[str]:
    """The units that a request to read will ask for."""
    declared = request.get("declared") if request.get("op") in ("look", "read") else None
    found = declared.get("units") if isinstance(declared, dict) else None
    return list(found) if isinstance(found, dict) else []


def known_secrets(request: dict[str, Any]) -> dict[str, str]:
    """The secrets of the new and the last declaration."""
    found: dict[str, str] = {}
    for key in ("previous", "declared"):
        for name, value in ((request.get(key) or {}).get("secrets") or {}).items():
            found[f"{key} {name}"] = str(value)
    return found


def described(error: AgentError, scrubber: Scrubber) -> dict[str, Any]:
    """An error as the controller gets it."""
    lists = {"rolled_back": error.rolled_back, "stayed": error.stayed, "journal": error.journal}
    found: dict[str, Any] = scrubber.data({"message": str(error), **lists})
    return found


def _where(error: BaseException) -> str:
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    place = f" ({last.tb_frame.f_globals.get('__name__')}:{last.tb_lineno})" if last else ""
    return f"{error!r}{place}"


def main() -> None:
    """Standard output is kept for frames: nothing that a child or a stray print writes gets between them."""
    os.umask(0o022)
    if sys.argv[1:2] == ["rollback"]:
        from .confirmation import await_and_roll_back

        commands = Commands(Ending(), lambda text: None, stoppable=False)
        print(await_and_roll_back(Store(), commands, sys.argv[2], boot=sys.argv[3:] == ["boot"]))
        return
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    agent = Agent(sys.stdin.buffer, sink, Store())
    signal.signal(signal.SIGTERM, agent.end)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    agent.serve()
    os._exit(0)
