"""The clients of one way in, in a process of their own: inside the network from where that way can be gone.

Reads a `Work` in JSON from standard input, because it holds passwords, and writes the phases in JSON.
"""

import asyncio
import json
import logging
import signal
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from commands.load import LoadError
from commands.load.client import Client
from commands.load.phases import Chat, Phase, silence, storm
from commands.load.processors import used
from commands.verify import VerifyError
from commands.verify.accounts import Account
from commands.verify.sessions import Place, derive_keys_quickly

SILENT_SECONDS = 5
LEAVING = 20


@dataclass(frozen=True)
class Work:
    """Clients go round the `places`; `hosts` are control groups by host, none where they cannot be seen."""

    places: tuple[Place, ...]
    proxied: bool
    accounts: tuple[Account, ...]
    rate: float
    seconds: float
    hosts: dict[str, str]

    @staticmethod
    def read(text: str) -> "Work":
        """From JSON."""
        fields: dict[str, Any] = json.loads(text)
        places = tuple(Place(**place) for place in fields.pop("places"))
        accounts = tuple(Account(**account) for account in fields.pop("accounts"))
        return Work(places, accounts=accounts, **fields)

    def text(self) -> str:
        """As JSON."""
        return json.dumps(asdict(self))


async def measure(work: Work) -> list[Phase]:
    """All phases; raises when somebody cannot log in, or when the archives do not have what was sent."""
    clients = [
        Client(account, work.places[number % len(work.places)], proxied=work.proxied)
        for number, account in enumerate(work.accounts)
    ]
    groups = {name: Path(path) for name, path in work.hosts.items()}

    def look() -> dict[str, float]:
        return used(groups)

    try:
        phases = [await storm(clients, look), await silence(SILENT_SECONDS, look)]
        before = await _archived(clients)
        chat = Chat(clients)
        phases.append(await chat.steady(work.rate, work.seconds, look))
        phases.append(await chat.flat_out(work.seconds, look))
        check_archives(await _archived(clients) - before, phases[2:])
        return phases
    finally:
        for first in range(0, len(clients), LEAVING):
            leaving = clients[first : first + LEAVING]
            await asyncio.gather(*(client.log_out() for client in leaving), return_exceptions=True)


def check_archives(found: int, phases: Sequence[Phase]) -> None:
    """Raises unless each message is in two archives, the sender's and the recipient's."""
    want = 2 * sum(phase.asked for phase in phases)
    if found != want:
        raise LoadError(f"the archives have {found} entries for {want // 2} messages; expected {want}, two for each")


async def _archived(clients: Sequence[Client]) -> int:
    return sum([await client.archived() for client in clients])


def main() -> int:
    """Exit code 1, with a sentence on standard error, when nothing could be measured."""
    logging.getLogger("slixmpp").setLevel(logging.CRITICAL)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    derive_keys_quickly()
    try:
        phases = asyncio.run(measure(Work.read(sys.stdin.read())))
    except (LoadError, VerifyError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    print(json.dumps([asdict(phase) for phase in phases]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
