"""People of the drill who chat through a stack, and read their archives; inside a lab's network.

As a program it reads the accounts as JSON from the first line of standard input. `talk` says when it begins, chats
until standard input ends, and prints when each message was sent and acknowledged (Unix time); `read` prints what each
has in the archive. The functions `begin`, `end` and `archives` are its other end.
"""

import asyncio
import json
import logging
import secrets
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from commands.drill.crowd import Crowd
from commands.drill.ledger import Message
from commands.drill.person import Person
from commands.verify.accounts import Account
from commands.verify.outputs import load_outputs
from commands.verify.sessions import derive_keys_quickly, place
from tests.lab.deployed import Deployed
from tests.lab.private_lab import ROOT

MESSAGES_A_SECOND = 8
DAY = timedelta(days=1)
Accounts = Mapping[str, str]
Times = dict[Message, float]


@dataclass(frozen=True)
class Talk:
    """When each message was sent and acknowledged (Unix time)."""

    sent: Times
    acknowledged: Times


def people(site: Deployed, host: str, count: int) -> dict[str, str]:
    """New accounts and their passwords, made on an IM host."""
    made = {f"chat-{secrets.token_hex(4)}": secrets.token_urlsafe(24) for _ in range(count)}
    for name, password in made.items():
        site.lab.ssh(host, f"/usr/local/lib/im/account add {name}", stdin=f"{password}\n")
    return made


def start(site: Deployed, accounts: Accounts, order: str) -> "subprocess.Popen[str]":
    """The program, with its accounts."""
    python = [str(ROOT / "scripts/python"), "-m", "tests.lab.chat_session"]
    argv = site.lab.argv("run", "--", *python, site.lab.stack, str(site.saved), order)
    process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdin
    process.stdin.write(f"{json.dumps(accounts)}\n")
    process.stdin.flush()
    return process


def begin(site: Deployed, accounts: Accounts) -> "subprocess.Popen[str]":
    """Everybody is logged in, and talks."""
    process = start(site, accounts, "talk")
    assert process.stdout
    assert process.stdout.readline() == "talking\n"
    return process


def end(process: "subprocess.Popen[str]") -> Talk:
    """What was said."""
    told = json.loads(process.communicate()[0])
    return Talk(*({Message(*words): at for *words, at in told[name]} for name in ("sent", "acknowledged")))


def archives(site: Deployed, accounts: Accounts) -> dict[str, set[Message]]:
    """What each account finds."""
    told = json.loads(start(site, accounts, "read").communicate()[0])
    return {name: {Message(*words) for words in found} for name, found in told.items()}


def not_in_both(messages: Iterable[Message], found: Mapping[str, set[Message]]) -> list[Message]:
    """Those that the sender or the recipient has not."""
    return [each for each in messages if each not in found[each.sender] & found[each.recipient]]


def ages_of_missing(said: Talk, found: Mapping[str, set[Message]], lost_at: float) -> list[float]:
    """How long before `lost_at` what is not in both archives was acknowledged, in seconds."""
    taken = said.acknowledged
    ages = [lost_at - taken[each] for each in not_in_both(taken, found)]
    print(f"{len(taken)} acknowledged, {len(ages)} missing, the oldest {max(ages, default=0):.1f} s old")
    return ages


async def talk(crowd: Crowd) -> dict[str, Any]:
    async with crowd.living(), crowd.chatting() as ledger:
        print("talking", flush=True)
        await asyncio.to_thread(sys.stdin.read)
    clock = time.time() - time.monotonic()
    noted = {"sent": ledger.sent, "acknowledged": ledger.acknowledged}
    return {name: [[*astuple(each), at + clock] for each, at in times.items()] for name, times in noted.items()}


async def read(crowd: Crowd) -> dict[str, Any]:
    async with crowd.living():
        for person in crowd.people:
            await person.read_archive(datetime.now(UTC) - DAY)
    return {person.name: [astuple(each) for each in person.ledger.archives[person.name]] for person in crowd.people}


def main(stack: str, saved: str, order: str) -> None:
    logging.getLogger("slixmpp").setLevel(logging.CRITICAL)
    derive_keys_quickly()
    where = place(load_outputs(stack, ROOT, Path(saved), ()), "tls", 0)
    people = [Person(Account(*each), where) for each in json.loads(sys.stdin.readline()).items()]
    print(json.dumps(asyncio.run({"talk": talk, "read": read}[order](Crowd(people, MESSAGES_A_SECOND)))))


if __name__ == "__main__":
    main(*sys.argv[1:])
