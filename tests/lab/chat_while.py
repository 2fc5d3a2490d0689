"""People chat while a command runs: `chat_while STACK BEFORE AFTER COMMAND…`, inside the network of the stack's lab.

BEFORE and AFTER name the IM hosts, with commas between them. Prints in JSON what became of the messages.
"""

import asyncio
import json
import logging
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from commands.apply.engine import installed_engine
from commands.apply.stack_file import read_document, stack_path
from commands.drill import outages, probes, writes
from commands.drill.crowd import Crowd
from commands.drill.look import look
from commands.drill.person import Person
from commands.drill.probes import Probes
from commands.drill.rounds import Drill
from commands.drill.site import Site
from commands.lab.lab import lab_of
from commands.lab.machines import Machine
from commands.verify.accounts import temporary
from commands.verify.outputs import Outputs, load_outputs
from commands.verify.sessions import derive_keys_quickly, place
from tests.lab.private_lab import ROOT

PEOPLE = 20
MESSAGES_A_SECOND = 10
BEFORE_SECONDS = 5
AFTER_SECONDS = 20
"""Longer than it takes until a message is delivered again."""


class Part(Site):
    """The hosts that have a role, of a lab that may have more."""

    @property
    def machines(self) -> Mapping[str, Machine]:
        used = {name for names in self.roles.values() for name in names}
        return {name: machine for name, machine in super().machines.items() if name in used}


def site(stack: str, outputs: Outputs, members: Sequence[str]) -> Site:
    """The stack with these IM hosts."""
    stacks = ROOT / "stacks"
    declared: dict[str, Any] = read_document(stack_path(stack, stacks))["config"]["im:roles"]
    roles = {**{role: tuple(names) for role, names in declared.items()}, "im": tuple(members)}
    return Part(lab_of(stack), outputs, roles, stacks, ROOT / ".apply")


async def chat(stack: str, before: Sequence[str], after: Sequence[str], command: Sequence[str]) -> dict[str, Any]:
    """The figures of the drill, for a command instead of a fault."""
    outputs = load_outputs(stack, ROOT, ROOT / ".apply", installed_engine())
    first, last = site(stack, outputs, before), site(stack, outputs, after)
    async with temporary(outputs.accounts, PEOPLE, "drill") as accounts:
        crowd = Crowd([Person(account, place(outputs, "tls", 0)) for account in accounts], MESSAGES_A_SECOND)
        async with crowd.living():
            await probes.make_table(first, await Drill(first, crowd, _say).at_rest())
            await crowd.come_anew()
            tried = Probes(first)
            async with tried.running(), crowd.chatting() as ledger:
                await asyncio.sleep(BEFORE_SECONDS)
                begun = time.monotonic()
                process = await asyncio.create_subprocess_exec(*command, stdout=sys.stderr)
                status, ended = await process.wait(), time.monotonic()
                _say(f"status {status} after {ended - begun:.1f} s")
                standing = await Drill(last, crowd, _say).at_rest()
                await asyncio.sleep(AFTER_SECONDS)
            over = time.monotonic()
            found = {
                "status": status,
                "seconds": ended - begun,
                "archives_unread": await crowd.settle(),
                "rows_lost": len(writes.lost(tried.writes, await probes.rows(last, standing))),
                "two_primaries": len(writes.two_primaries(tried.writes)),
                "promotions": writes.promotions(tried.writes),
                "writes_away": writes.away(tried.writes, begun, over).seconds,
                "address_away": writes.longest_gap(tried.answers, begun, over).seconds,
                "sessions_ended": sum(begun <= outage.began < over for outage in crowd.outages),
                "longest_outage": max(
                    (each.ended - each.began for each in crowd.outages if begun <= each.began < over), default=0
                ),
                "clients_back": outages.back(crowd.outages, begun, over),
                **asdict(ledger.count()),
            }
            await probes.drop_table(last, await look(last))
    return found


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    logging.getLogger("slixmpp").setLevel(logging.CRITICAL)
    derive_keys_quickly()
    stack, before, after, *command = sys.argv[1:]
    print(json.dumps(asyncio.run(chat(stack, before.split(","), after.split(","), command))))
