"""Hosts that answer from a script, in memory, in the place of ssh and the agent."""

import asyncio
import json
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from onprem.errors import OnPremError
from onprem.inventory import Login
from onprem.transport import Channel

Frame = dict[str, Any]
Script = Mapping[str, Callable[[Frame], Any]]


@dataclass
class Said:
    """A report that remembers."""

    statuses: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    async def status(self, text: str) -> None:
        self.statuses.append(text)

    async def note(self, text: str) -> None:
        self.notes.append(text)

    async def warning(self, text: str) -> None:
        self.warnings.append(text)


class MemoryChannel:
    """Two ends of a socket pair; the script answers at the other one."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, last_words: str) -> None:
        self.reader, self.writer = reader, writer
        self._last_words = last_words

    async def close(self) -> str:
        self.writer.close()
        return self._last_words


@dataclass
class ScriptedHosts:
    """Answers each op by its script: a dictionary is the result, with `message` an error, None ends the connection.

    A list is sent frame by frame, its last entry being the answer.
    """

    script: Script
    unreachable: tuple[str, ...] = ()
    last_words: str = ""
    requests: list[Frame] = field(default_factory=list)
    logins: list[tuple[str, bool]] = field(default_factory=list)
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def __call__(self, host: str, login: Login, *, new_login: bool = False) -> Channel:
        self.logins.append((host, new_login))
        if host in self.unreachable:
            raise OnPremError(f"{host}: cannot be reached at {login.address}")
        ours, theirs = socket.socketpair()
        reader, writer = await asyncio.open_connection(sock=ours)
        self.tasks.append(asyncio.create_task(self._serve(*await asyncio.open_connection(sock=theirs))))
        return MemoryChannel(reader, writer, self.last_words)

    def asked(self, op: str) -> list[Frame]:
        """The requests of one kind."""
        return [request for request in self.requests if request["op"] == op]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while header := await reader.read(4):
            request = json.loads(await reader.readexactly(int.from_bytes(header, "big")))
            self.requests.append(request)
            if "id" not in request:
                continue
            answer = self.script[request["op"]](request)
            if answer is None:
                break
            for part in answer if isinstance(answer, list) else [answer]:
                kind = "error" if "message" in part else "result"
                frame = part if "progress" in part else {kind: part}
                body = json.dumps({"id": request["id"], **frame}).encode()
                writer.write(len(body).to_bytes(4, "big") + body)
        writer.close()
