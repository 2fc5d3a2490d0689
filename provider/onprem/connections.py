"""One connection and one agent per host for as long as the provider lives."""

import asyncio
import contextlib
import itertools
from collections.abc import Mapping
from typing import Any

from onprem import frames
from onprem.errors import OnPremError
from onprem.inventory import Login
from onprem.report import Report
from onprem.transport import Channel, Opener, open_ssh

HEARTBEAT_SECONDS = 10


class Connection:
    """Requests to the agent of one host. They may run side by side."""

    def __init__(self, host: str, channel: Channel) -> None:
        self.host = host
        self._channel = channel
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Queue[dict[str, Any]]] = {}
        self.lost: str | None = None
        self._tasks = [asyncio.create_task(self._receive()), asyncio.create_task(self._beat())]

    async def request(self, op: str, report: Report, **arguments: Any) -> dict[str, Any]:
        """The agent's result; raises what it answered as an error, or that the connection was lost."""
        number = next(self._numbers)
        message = self._encode({"id": number, "op": op, **arguments})
        answers = self._waiting[number] = asyncio.Queue()
        try:
            await self._send(message)
            return await self._result(_about(self.host, arguments), op, answers, report)
        finally:
            del self._waiting[number]

    async def close(self) -> None:
        """Ends the connection; the agent rolls back what is under way."""
        for task in self._tasks:
            task.cancel()
        await self._lose("the connection was closed")

    def _encode(self, message: dict[str, Any]) -> bytes:
        try:
            return frames.encode(message)
        except OnPremError as error:
            raise OnPremError(f"{self.host}: {error}") from None

    async def _send(self, frame: bytes) -> None:
        if self.lost is not None:
            raise OnPremError(self.lost)
        try:
            self._channel.writer.write(frame)
            await self._channel.writer.drain()
        except (ConnectionError, RuntimeError):
            await self._lose("the connection was lost")

    async def _result(
        self, about: str, op: str, answers: asyncio.Queue[dict[str, Any]], report: Report
    ) -> dict[str, Any]:
        while "progress" in (answer := await answers.get()):
            await report.status(str(answer["progress"]))
        if "lost" in answer:
            raise OnPremError(answer["lost"] + (ROLLED_BACK if op in ("apply", "delete") else ""))
        if "result" not in answer:
            raise failure(about, answer["error"])
        result: dict[str, Any] = answer["result"]
        return result

    async def _receive(self) -> None:
        reason = "the agent sent what is no answer"
        try:
            while True:
                answer = await frames.receive(self._channel.reader)
                if (queue := self._waiting.get(answer.get("id", 0))) is not None:
                    queue.put_nowait(answer)
        except (asyncio.IncompleteReadError, ConnectionError):
            reason = "the connection was lost"
        except ValueError:
            pass
        await self._lose(reason)

    async def _beat(self) -> None:
        while self.lost is None:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            with contextlib.suppress(OnPremError):
                await self._send(frames.encode({"op": "ping"}))

    async def _lose(self, reason: str) -> None:
        if self.lost is not None:
            return
        self.lost = f"{self.host}: {reason}"
        said = [line for line in (await self._channel.close()).splitlines() if line.strip()]
        self.lost += f" ({said[-1].strip()})" if said else ""
        for queue in self._waiting.values():
            queue.put_nowait({"lost": self.lost})


ROLLED_BACK = "; the host takes back by itself what was under way; run it again"


def failure(about: str, error: Mapping[str, Any]) -> OnPremError:
    """An agent's error about a host or a service of it as one message: what failed, what is as before, what stayed."""
    parts = [f"{about}: {str(error['message']).removeprefix(about.rpartition('/')[2] + ': ')}"]
    for key, title in (("rolled_back", "As before"), ("stayed", "Stayed on the host")):
        if entries := error.get(key):
            parts.append(f"{title}: {', '.join(entries)}.")
    if journal := error.get("journal"):
        parts.append("\n".join(["Last lines of the journal:", *(f"  {line}" for line in journal)]))
    return OnPremError("\n".join(parts), stayed=error.get("stayed") or ())


def _about(host: str, arguments: Mapping[str, Any]) -> str:
    return f"{host}/{arguments['service']}" if "service" in arguments else host


class Connections:
    """The connections of this process, by host, opened when first needed."""

    def __init__(self, hosts: Mapping[str, Login], opener: Opener = open_ssh) -> None:
        self._hosts = hosts
        self._open = opener
        self._opening: dict[str, asyncio.Task[Connection]] = {}
        self._writers: dict[str, asyncio.Lock] = {}
        self.confirming = asyncio.Lock()
        """Held over a change that could lock the operator out: one host at a time."""

    @property
    def hosts(self) -> Mapping[str, Login]:
        """The hosts that the stack names."""
        return self._hosts

    def login(self, host: str) -> Login:
        """Where `host` is; raises when the stack does not name it."""
        if host not in self._hosts:
            known = ", ".join(sorted(self._hosts)) or "none"
            raise OnPremError(f"{host}: not in onprem:hosts; known hosts: {known}")
        return self._hosts[host]

    def writing(self, host: str) -> asyncio.Lock:
        """Held while `host` is changed."""
        return self._writers.setdefault(host, asyncio.Lock())

    async def get(self, host: str) -> Connection:
        """The connection to `host`; callers that come at once share it, and its failure."""
        return await asyncio.shield(self.begin(host))

    def begin(self, host: str) -> asyncio.Task[Connection]:
        """The connection to `host`, or the attempt at it that is under way from now on."""
        self.login(host)
        task = self._opening.get(host)
        if task is None or (task.done() and _is_over(task)):
            task = self._opening[host] = asyncio.create_task(self.open(host))
        return task

    async def open(self, host: str, *, new_login: bool = False) -> Connection:
        """A connection of its own, to be closed by the caller."""
        return Connection(host, await self._open(host, self.login(host), new_login=new_login))

    async def close(self) -> None:
        """Ends them all."""
        open_tasks = [task for task in self._opening.values() if not (task.done() and _is_over(task))]
        for task in open_tasks:
            task.cancel()
        done = [task.result() for task in open_tasks if task.done() and not task.cancelled()]
        await asyncio.gather(*(connection.close() for connection in done))


def _is_over(task: asyncio.Task[Connection]) -> bool:
    return task.cancelled() or task.exception() is not None or task.result().lost is not None
