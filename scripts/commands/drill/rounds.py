"""One round: a stack at rest, a fault while people chat, its end, the stack at rest again; and what was seen."""

import asyncio
import contextlib
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from commands.drill import DrillError, harm, outages, probes, writes
from commands.drill.crowd import Crowd
from commands.drill.faults import Fault
from commands.drill.harm import Act, act
from commands.drill.ledger import Count
from commands.drill.look import Standing, look, problems
from commands.drill.probes import Probes
from commands.drill.site import Site

Made = TypeVar("Made")
Say = Callable[[str], None]

BEFORE_SECONDS = 3
"""So long people chat before the fault."""
REST_SECONDS = 300
AFTER_SECONDS = 5
LOOK_SECONDS = 2
WHOLE_SECONDS = 1


@dataclass(frozen=True)
class Figures:
    """What was measured, in seconds and in numbers; infinity means never.

    `…_away_after`: how long after the fault the longest time began. `whole_again` (the IM cluster) and `at_rest`
    (everything) count from when the fault begins to be taken back.
    """

    writes_away: float
    writes_away_after: float
    address_away: float
    address_away_after: float
    sessions_lost: int
    clients_back: float
    whole_again: float
    at_rest: float
    two_primaries: int
    rows_lost: int
    promotions: int
    archives_unread: int
    failed_requests: int
    requests: int

    @property
    def failed_percent(self) -> float:
        """Of what clients asked: a connection to their address, and a message's acknowledgement where it was sent."""
        return 100 * self.failed_requests / max(self.requests, 1)


@dataclass(frozen=True)
class Round:
    """One fault on these hosts: the database's primary before it, the figures, and the messages."""

    fault: str
    hosts: tuple[str, ...]
    primary: str
    at: str
    figures: Figures
    messages: Count


@dataclass(frozen=True)
class Drill:
    """All that a round needs."""

    site: Site
    crowd: Crowd
    say: Say

    async def round(self, fault: Fault) -> Round:
        """Raises when the stack is not at rest before it; whether it is afterwards is one of the figures."""
        before = await self.at_rest()
        hosts = fault.choose(self.site, before)
        if fault.stage is harm.nothing:
            return await self._measured(fault, hosts, before)
        self.say(f"{fault.name}: staged on {' and '.join(hosts)}")
        async with self._taken_back(fault.stage, fault.clear, hosts):
            return await self._measured(fault, hosts, await self.at_rest())

    async def _measured(self, fault: Fault, hosts: tuple[str, ...], before: Standing) -> Round:
        await self.crowd.come_anew()
        at = datetime.now(UTC).isoformat(timespec="seconds")
        self.say(f"{fault.name}: {' and '.join(hosts) or 'no host'}")
        tried = Probes(self.site)
        async with tried.running(), self.crowd.chatting() as ledger:
            await asyncio.sleep(BEFORE_SECONDS)
            async with self._taken_back(fault.inject, fault.undo, hosts) as begun:
                await asyncio.sleep(fault.seconds)
                ending = time.monotonic()
            whole = await self._until_whole()
            after, wrong = await self._until_rest()
            rested = math.inf if wrong else time.monotonic()
            await asyncio.sleep(AFTER_SECONDS)
        ended = time.monotonic()
        unread = await self.crowd.settle()
        found = await probes.rows(self.site, after)
        writes_away = writes.away(tried.writes, begun[0], ended)
        address_away = writes.longest_gap(tried.answers, begun[0], ended)
        figures = Figures(
            writes_away=writes_away.seconds,
            writes_away_after=writes_away.after,
            address_away=address_away.seconds,
            address_away_after=address_away.after,
            sessions_lost=outages.people(self.crowd.outages, begun[0], ended),
            clients_back=outages.back(self.crowd.outages, begun[0], ended),
            whole_again=whole - ending,
            at_rest=rested - ending,
            two_primaries=len(writes.two_primaries(tried.writes)),
            rows_lost=len(writes.lost(tried.writes, found)),
            promotions=writes.promotions(tried.writes),
            archives_unread=unread,
            failed_requests=tried.refused + ledger.resent,
            requests=tried.refused + len(tried.answers) + len(ledger.sent) + ledger.resent,
        )
        return Round(fault.name, hosts, before.primaries[0], at, figures, ledger.count())

    @contextlib.asynccontextmanager
    async def _taken_back(self, inject: Act, undo: Act, hosts: tuple[str, ...]) -> AsyncIterator[list[float]]:
        """The moment at which it was done. It is taken back whatever happens; a second Ctrl-C waits for that."""
        begun: list[float] = []
        try:
            begun.append(await surely(asyncio.to_thread(act, self.site, inject, hosts)))
            yield begun
        finally:
            await surely(asyncio.to_thread(act, self.site, undo, hosts))

    async def _until_whole(self) -> float:
        """The moment at which every IM host sees all of them; infinite when that does not come."""
        members, deadline = self.site.with_role("im"), time.monotonic() + REST_SECONDS
        while not (await look(self.site)).is_whole(members):
            if time.monotonic() > deadline:
                return math.inf
            await asyncio.sleep(WHOLE_SECONDS)
        return time.monotonic()

    async def at_rest(self) -> Standing:
        """How things stand, once everything is as it should be; raises when that does not come."""
        standing, wrong = await self._until_rest()
        if wrong:
            raise DrillError(f"not at rest after {REST_SECONDS} s: {'; '.join(wrong)}")
        return standing

    async def _until_rest(self) -> tuple[Standing, list[str]]:
        """How things stand at last, and what is wrong with that. Services check themselves when all else is well."""
        deadline = time.monotonic() + REST_SECONDS
        while True:
            standing = await look(self.site)
            wrong = problems(self.site, standing)
            if not wrong:
                standing = await look(self.site, health=True)
                wrong = problems(self.site, standing)
            if not wrong or time.monotonic() > deadline:
                return standing, wrong
            await asyncio.sleep(LOOK_SECONDS)


async def surely(work: Awaitable[Made]) -> Made:
    """Waits to the end, however often somebody wants to cancel; the cancellation comes afterwards."""
    task = asyncio.ensure_future(work)
    cancelled = False
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            cancelled = True
    if cancelled:
        raise asyncio.CancelledError
    return task.result()
