"""The checks, in the order in which a person would try them."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar

import aiohttp
from slixmpp.exceptions import IqError, IqTimeout
from slixmpp.plugins.xep_0363 import FileUploadError

from commands.verify import VerifyError
from commands.verify.accounts import Account, temporary
from commands.verify.network import trusting, web
from commands.verify.outputs import Outputs
from commands.verify.sessions import WAYS, Session, Way, place, session, why

ARCHIVE_SECONDS = 10
UPLOAD_BYTES = 64 * 1024
HTTP_PORT = 80

Made = TypeVar("Made")


@dataclass(frozen=True)
class Check:
    """What was tried, how long it took, why it failed if it did, or why it was not tried."""

    name: str
    milliseconds: float
    problem: str = ""
    skipped: str = ""


@dataclass
class Run:
    """The checks of one run; `begins` is told the name of each as it begins."""

    begins: Callable[[str], None]
    checks: list[Check] = field(default_factory=list)

    async def check(self, name: str, work: Awaitable[Made]) -> Made | None:
        """Does `work` and notes how it went."""
        self.begins(name)
        begun = time.perf_counter()
        made, problem, skipped = None, "", ""
        try:
            made = await work
        except Skip as reason:
            skipped = str(reason)
        except VerifyError as error:
            problem = str(error)
        self.checks.append(Check(name, (time.perf_counter() - begun) * 1000, problem, skipped))
        return made

    @property
    def failed(self) -> list[Check]:
        """What did not work."""
        return [check for check in self.checks if check.problem]


class Skip(Exception):  # noqa: N818 - nothing is wrong
    """The deployment does not offer this."""


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
            await run.check("upload a file and fetch it", _upload(outputs, both[0]))
    await run.check("port 80 leads to https", _redirect(outputs))


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


async def _upload(outputs: Outputs, own: Session) -> None:
    content = secrets.token_bytes(UPLOAD_BYTES)
    try:
        slot = await _slot(own)
        async with web(outputs.endpoints.domain, own.where.address, trusting(outputs.ca)) as client:
            async with client.put(slot.put, data=content, headers=slot.headers) as answer:
                if answer.status not in (200, 201):
                    raise VerifyError(f"{own.where.address}: the upload is refused with status {answer.status}")
            async with client.get(slot.get) as answer:
                if await answer.read() != content:
                    raise VerifyError(f"{own.where.address}: the upload does not come back (status {answer.status})")
    except (aiohttp.ClientError, OSError) as error:
        raise VerifyError(f"{own.where.address}: upload: {why(error)}") from None


@dataclass(frozen=True)
class Slot:
    """Where to put a file, with which headers, and where to get it."""

    put: str
    headers: Mapping[str, str]
    get: str


async def _slot(own: Session) -> Slot:
    plugin = own["xep_0363"]
    try:
        service = await plugin.find_upload_service(timeout=10)
        if service is None:
            raise Skip("not offered")
        answer = await plugin.request_slot(service["from"], "verify.bin", UPLOAD_BYTES, timeout=10)
    except (IqError, IqTimeout, FileUploadError) as error:
        raise VerifyError(f"{own.where.address}: no place for an upload: {error}") from None
    slot = answer["http_upload_slot"]
    headers = {header["name"]: header["value"] for header in slot["put"]["headers"]}
    return Slot(slot["put"]["url"], {**headers, "Content-Type": "application/octet-stream"}, slot["get"]["url"])


async def _redirect(outputs: Outputs) -> None:
    domain = outputs.endpoints.domain
    for address in outputs.endpoints.addresses:
        try:
            async with (
                web(domain, address, trusting(outputs.ca)) as client,
                client.get(f"http://{domain}:{HTTP_PORT}/", allow_redirects=False) as answer,
            ):
                where = answer.headers.get("Location", "")
        except (aiohttp.ClientError, OSError) as error:
            raise VerifyError(f"{address}: port {HTTP_PORT}: {why(error)}") from None
        if not where.startswith(f"https://{domain}"):
            raise VerifyError(
                f"{address}: port {HTTP_PORT} answers {answer.status} and does not lead to https://{domain}"
            )
