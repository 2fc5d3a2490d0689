"""A WebSocket in the place of the socket that slixmpp writes to, so that all of slixmpp works over it."""

import asyncio
from collections.abc import Callable
from typing import Any

import aiohttp

from commands.verify.framing import incoming, outgoing


class WebSocketTransport(asyncio.Transport):
    """Sends what is written as messages in order, and hands messages on as stream text."""

    def __init__(
        self,
        socket: aiohttp.ClientWebSocketResponse,
        domain: str,
        received: Callable[[str], None],
        lost: Callable[[BaseException | None], None],
    ) -> None:
        super().__init__()
        self._socket = socket
        self._domain = domain
        self._received = received
        self._lost = lost
        self._queue: asyncio.Queue[str | None] = asyncio.Queue()
        self._tasks = [asyncio.create_task(self._send()), asyncio.create_task(self._receive())]

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._socket.get_extra_info(name, default)

    def write(self, data: Any) -> None:
        if (message := outgoing(bytes(data).decode(), self._domain)) is not None:
            self._queue.put_nowait(message)

    def is_closing(self) -> bool:
        return self._socket.closed

    def close(self) -> None:
        self._queue.put_nowait(None)

    def abort(self) -> None:
        self.close()

    async def ended(self) -> None:
        """Closes, and returns once nothing of it is left."""
        self.close()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._socket.close()

    async def _send(self) -> None:
        while (message := await self._queue.get()) is not None:
            await self._socket.send_str(message)
        await self._socket.close()

    async def _receive(self) -> None:
        async for message in self._socket:
            if message.type is aiohttp.WSMsgType.TEXT:
                self._received(incoming(message.data))
        self._tasks[0].cancel()
        self._lost(self._socket.exception())
