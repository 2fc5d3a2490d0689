"""What is measured, one phase after the other: a storm of logins, silence, a steady rate, and as fast as it goes."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from commands.load import LoadError
from commands.load.client import Client
from commands.load.processors import between

SETTLE_SECONDS = 1
ARRIVE_SECONDS = 30
PADDING = "x" * 80

Look = Callable[[], dict[str, float]]


@dataclass(frozen=True)
class Phase:
    """`milliseconds` has one latency for each login or message; CPU is in seconds, that of the hosts by service."""

    name: str
    seconds: float
    hosts: dict[str, float]
    generator: float
    asked: int = 0
    milliseconds: tuple[float, ...] = ()
    twice: int = 0


class Meter:
    """Clock and processors of one phase; `look` is empty where the hosts' processors cannot be seen."""

    def __init__(self, name: str, look: Look) -> None:
        self._name = name
        self._look = look
        self._hosts, self._generator, self.began = look(), time.process_time(), time.perf_counter()

    def phase(self, **found: Any) -> Phase:
        """What was used until now."""
        seconds = time.perf_counter() - self.began
        return Phase(
            self._name, seconds, between(self._hosts, self._look()), time.process_time() - self._generator, **found
        )


async def storm(clients: Sequence[Client], look: Look) -> Phase:
    """Everybody logs in at the same moment."""
    meter = Meter("logins", look)

    async def log_in(client: Client) -> float:
        await client.log_in()
        return (time.perf_counter() - meter.began) * 1000

    took = await asyncio.gather(*(log_in(client) for client in clients))
    return meter.phase(asked=len(clients), milliseconds=tuple(took))


async def silence(seconds: float, look: Look) -> Phase:
    """Everybody is there and nobody says anything: what the hosts use all the same."""
    await asyncio.sleep(SETTLE_SECONDS)
    meter = Meter("silence", look)
    await asyncio.sleep(seconds)
    return meter.phase()


class Chat:
    """Pairs of clients that write to each other. Latency counts from the moment a message was due."""

    def __init__(self, clients: Sequence[Client]) -> None:
        if len(clients) % 2:
            raise LoadError(f"{len(clients)} clients make no pairs; name an even number")
        self._clients = clients
        self._partner = {client: clients[number ^ 1] for number, client in enumerate(clients)}
        self._due: dict[str, float] = {}
        self._took: list[float] = []
        self._sent = self._twice = 0
        self._until = 0.0
        for client in clients:
            client.arrived = self._arrived

    async def steady(self, rate: float, seconds: float, look: Look) -> Phase:
        """`rate` messages a second in all, whether or not the earlier ones have arrived."""
        meter = self._begin("steady", look)
        for number in range(round(rate * seconds)):
            due = meter.began + number / rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            self._send(self._clients[number % len(self._clients)], due)
        return await self._end(meter)

    async def flat_out(self, seconds: float, look: Look) -> Phase:
        """Each client has one message under way, and sends the next when it has arrived."""
        meter = self._begin("flat out", look)
        self._until = meter.began + seconds
        for client in self._clients:
            self._send(client, time.perf_counter())
        await asyncio.sleep(seconds)
        return await self._end(meter)

    def _begin(self, name: str, look: Look) -> Meter:
        self._due, self._took, self._sent, self._twice, self._until = {}, [], 0, 0, 0.0
        return Meter(name, look)

    async def _end(self, meter: Meter) -> Phase:
        deadline = time.perf_counter() + ARRIVE_SECONDS
        while self._due and time.perf_counter() < deadline:
            await asyncio.sleep(0.01)
        return meter.phase(asked=self._sent, milliseconds=tuple(self._took), twice=self._twice)

    def _send(self, client: Client, due: float) -> None:
        number = f"{due:.6f}.{self._sent}"
        self._sent += 1
        self._due[number] = due
        client.say(self._partner[client], f"{number} {PADDING}")

    def _arrived(self, recipient: Client, text: str) -> None:
        now = time.perf_counter()
        due = self._due.pop(text.partition(" ")[0], None)
        if due is None:
            self._twice += 1
            return
        self._took.append((now - due) * 1000)
        if now < self._until:
            self._send(self._partner[recipient], now)
