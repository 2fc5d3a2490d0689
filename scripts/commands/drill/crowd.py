"""Many people who chat with each other at a steady rate."""

import asyncio
import contextlib
import itertools
import random
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime, timedelta

from commands.drill import DrillError
from commands.drill.ledger import Ledger, Message
from commands.drill.outages import Outage
from commands.drill.person import Person

ARRIVE_SECONDS = 60
SETTLE_SECONDS = 30
MARGIN = timedelta(seconds=5)
READERS = 5
ARCHIVE_SECONDS = 60


class Crowd:
    """`messages` a second in all; everybody sends in turn, each time to somebody else."""

    def __init__(self, people: Sequence[Person], messages: float) -> None:
        self.people = people
        self._pause = 1 / messages
        self._numbers: Counter[tuple[str, str]] = Counter()
        self._since = datetime.now(UTC)
        self.ledger = Ledger()

    @contextlib.asynccontextmanager
    async def living(self) -> AsyncIterator["Crowd"]:
        """Everybody is logged in when the block begins, and gone when it ends."""
        lives = [asyncio.create_task(person.live()) for person in self.people]
        for life in lives:
            life.add_done_callback(_tell_death)
        try:
            await self._arrive()
            yield self
        finally:
            for life in lives:
                life.cancel()
            await asyncio.gather(*lives, return_exceptions=True)

    async def come_anew(self) -> None:
        """Everybody logs in again: the load balancers spread them over all IM servers, also over one that was away."""
        for person in self.people:
            person.leave()
        await self._arrive()

    async def _arrive(self) -> None:
        if not await within(ARRIVE_SECONDS, self.are_all_online):
            away, where = sum(not person.is_online for person in self.people), self.people[0].where
            raise DrillError(f"{where}: {away} of {len(self.people)} clients have no session after {ARRIVE_SECONDS} s")

    def are_all_online(self) -> bool:
        """Whether everybody has a session."""
        return all(person.is_online for person in self.people)

    @property
    def outages(self) -> list[Outage]:
        """Of everybody, from the beginning of the drill."""
        return [outage for person in self.people for outage in person.outages]

    @contextlib.asynccontextmanager
    async def chatting(self) -> AsyncIterator[Ledger]:
        """A new ledger, written to while the block lasts."""
        self.ledger, self._since = Ledger(), datetime.now(UTC)
        for person in self.people:
            person.ledger = self.ledger
        talk = asyncio.create_task(self._talk())
        try:
            yield self.ledger
        finally:
            talk.cancel()
            await asyncio.gather(talk, return_exceptions=True)

    async def settle(self) -> int:
        """Waits for what is under way, then reads every archive; returns how many could not be read.

        What is not there by then counts as missing.
        """
        await within(SETTLE_SECONDS, lambda: self.are_all_online() and not self.ledger.under_way)
        turn = asyncio.Semaphore(READERS)

        async def read(person: Person) -> bool:
            async with turn:
                return await self._read_archive(person)

        return (await asyncio.gather(*(read(person) for person in self.people))).count(False)

    async def _read_archive(self, person: Person) -> bool:
        deadline, why = time.monotonic() + ARCHIVE_SECONDS, ""
        while time.monotonic() < deadline:
            try:
                await person.read_archive(self._since - MARGIN)
            except DrillError as error:
                why = str(error)
                await asyncio.sleep(1)
            else:
                return True
        print(f"{why}, for {ARCHIVE_SECONDS} s", file=sys.stderr)
        return False

    async def _talk(self) -> None:
        for sender in itertools.cycle(self.people):
            recipient = random.choice([person for person in self.people if person is not sender])  # noqa: S311
            pair = (sender.name, recipient.name)
            self._numbers[pair] += 1
            sender.say(Message(*pair, self._numbers[pair]))
            await asyncio.sleep(self._pause)


def _tell_death(life: "asyncio.Task[None]") -> None:
    """A client that ended by itself would look like one whom the stack does not let in."""
    if not life.cancelled() and (error := life.exception()):
        print(f"a client ended: {error!r}", file=sys.stderr)


async def within(seconds: float, condition: Callable[[], bool]) -> bool:
    """Whether it came true in that time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(0.1)
    return True
