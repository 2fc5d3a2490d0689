"""The checks, in the order in which a person would try them."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from slixmpp.exceptions import IqError, IqTimeout

from commands.verify import VerifyError
from commands.verify.accounts import Account, temporary
from commands.verify.outputs import Outputs
from commands.verify.run import Run
from commands.verify.sessions import WAYS, Session, Way, place, session
from commands.verify.web_checks import redirect, upload

ARCHIVE_SECONDS = 10


async def verify(outputs: Outputs, run: Run) -> None:
    """Every check; one that fails does not keep the others from running."""
    async with AsyncExitStack() as stack:
        accounts = await run.check("two accounts", stack.enter_async_context(temporary(outputs.accounts, 2)))
        if accounts:
            await _with(accounts, outputs, run)
            await run.check("accounts removed", stack.aclose())


async def _with(accounts: list[Account], outputs: Outputs, run: Run) -> None:
    alice, bob = accounts
    sent = [text for way in WAYS for text in await _talk(outputs, way, alice, bob, run)]
    async with _logged_in(outputs, "tls", alice, bob, run) as both:
        if both:
            await run.check("archive, read by both", _archive(both, sent))
            await run.check("upload a file and fetch it", upload(outputs, both[0]))
    await run.check("port 80 leads to https", redirect(outputs))


async def _talk(outputs: Outputs, way: Way, alice: Account, bob: Account, run: Run) -> list[str]:
    there, back = (f"verify {way} {secrets.token_hex(8)}" for _ in range(2))
    name = {"starttls": "STARTTLS", "tls": "direct TLS", "web": "WebSocket"}[way]
    async with _logged_in(outputs, way, alice, bob, run, f"{name}: both log in") as both:
        if not both:
            return []
        await run.check(f"{name}: a message there", both[0].tell(both[1], there))
        await run.check(f"{name}: a message back", both[1].tell(both[0], back))
    return [there, back]


@asynccontextmanager
async def _logged_in(
    outputs: Outputs, way: Way, alice: Account, bob: Account, run: Run, name: str = "both log in again"
) -> AsyncIterator[list[Session] | None]:
    """Two sessions, through different load balancers where there are several; None when that fails."""
    sessions = [session(account, place(outputs, way, number)) for number, account in enumerate((alice, bob))]
    try:
        done = await run.check(name, asyncio.gather(*(each.log_in() for each in sessions)))
        yield sessions if done else None
    finally:
        await asyncio.gather(*(each.log_out() for each in sessions), return_exceptions=True)


async def _archive(both: list[Session], sent: list[str]) -> None:
    if not sent:
        raise VerifyError("the archive has nothing to show: no message could be sent")
    for own, other in (both, reversed(both)):
        missing = set(sent)
        try:
            async with asyncio.timeout(ARCHIVE_SECONDS):
                while missing := set(sent) - await _archived(own, other):
                    await asyncio.sleep(0.2)
        except TimeoutError:
            raise VerifyError(
                f"{own.where}: {len(missing)} of {len(sent)} messages are not in the archive after {ARCHIVE_SECONDS} s"
            ) from None
        except (IqError, IqTimeout) as error:
            raise VerifyError(f"{own.where}: the archive cannot be read: {error.condition}") from None


async def _archived(own: Session, other: Session) -> set[str]:
    pages = own["xep_0313"].iterate(with_jid=other.boundjid.bare)
    return {found["mam_result"]["forwarded"]["stanza"]["body"] async for found in pages}
