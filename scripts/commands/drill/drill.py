"""A whole drill: accounts, people and the table of the probes, round after round, and all of that gone again."""

import contextlib
from collections.abc import AsyncIterator, Callable, Iterable

from commands.drill import probes
from commands.drill.crowd import Crowd
from commands.drill.faults import Fault
from commands.drill.person import Person
from commands.drill.rounds import Drill, Round, Say
from commands.drill.site import Site
from commands.verify.accounts import temporary
from commands.verify.sessions import place


async def drill(
    site: Site, faults: Iterable[Fault], people: int, rate: float, say: Say, note: Callable[[Round], None]
) -> None:
    """One round for each of `faults`; `note` is told of each as it ends."""
    say(f"{people} accounts")
    async with temporary(site.outputs.accounts, people, "drill") as accounts:
        crowd = Crowd([Person(account, place(site.outputs, "tls", 0)) for account in accounts], rate)
        async with crowd.living():
            runner = Drill(site, crowd, say)
            async with _table(runner):
                for fault in faults:
                    note(await runner.round(fault))


@contextlib.asynccontextmanager
async def _table(runner: Drill) -> AsyncIterator[None]:
    """Where the probes write."""
    site = runner.site
    await probes.make_table(site, await runner.at_rest())
    try:
        yield
    finally:
        runner.say("waiting for a stack at rest, to take away what the drill has made")
        await probes.drop_table(site, await runner.at_rest())
