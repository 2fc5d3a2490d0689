"""Two accounts that exist for as long as the checks run, made on an IM host by the command that every adapter has."""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass

from commands.verify import VerifyError
from commands.verify.outputs import Accounts

COMMAND = "/usr/local/lib/im/account"
SECONDS = 60
LOGINS = 4
"""At once; sshd refuses more than a few that have not said who they are."""


@dataclass(frozen=True)
class Account:
    """A user of the deployment's domain."""

    user: str
    password: str


@contextlib.asynccontextmanager
async def temporary(accounts: Accounts, count: int, prefix: str = "verify") -> AsyncIterator[list[Account]]:
    """`count` new accounts; they are gone afterwards, whatever happens."""
    made = [Account(f"{prefix}-{secrets.token_hex(6)}", secrets.token_urlsafe(24)) for _ in range(count)]
    turn = asyncio.Semaphore(LOGINS)
    try:
        for account in made:
            await _run(accounts, "add", account.user, account.password + "\n")
        yield made
    finally:
        results = await asyncio.gather(*(_remove(accounts, account, turn) for account in made), return_exceptions=True)
        errors = [result for result in results if isinstance(result, Exception)]
    if errors:
        raise errors[0]


async def _remove(accounts: Accounts, account: Account, turn: asyncio.Semaphore) -> None:
    try:
        async with turn:
            await _run(accounts, "remove", account.user)
    except VerifyError as error:
        raise VerifyError(f"{error}; the account {account.user} may still exist") from None


async def _run(accounts: Accounts, verb: str, user: str, stdin: str = "") -> None:
    command = accounts.as_root([COMMAND, verb, user])
    pipe = asyncio.subprocess.PIPE
    # A session of its own: after Ctrl-C, ssh still has accounts to remove.
    process = await asyncio.create_subprocess_exec(
        *command, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True
    )
    try:
        told, said = await asyncio.wait_for(process.communicate(stdin.encode()), SECONDS)
    except TimeoutError:
        process.kill()
        raise VerifyError(f"{accounts.host}: account {verb}: no answer within {SECONDS} s") from None
    if process.returncode:
        lines = (told + b"\n" + said).decode(errors="replace").split("\n")
        last = next((line.strip() for line in reversed(lines) if line.strip()), "no reason given")
        raise VerifyError(f"{accounts.host}: account {verb}: {last} (status {process.returncode})")
