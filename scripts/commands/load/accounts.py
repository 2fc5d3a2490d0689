"""Many accounts at once, through one login on an IM host; passwords go by standard input only."""

import contextlib
import secrets
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence

from commands.load import LoadError
from commands.verify.accounts import COMMAND, Account
from commands.verify.outputs import Accounts

ADD = """while read -r user password; do printf '%s\\n' "$password" | {command} add "$user" || exit; done"""
REMOVE = """while read -r user; do {command} remove "$user" </dev/null >&2 || echo "$user"; done"""
SECONDS_EACH = 5


@contextlib.contextmanager
def temporary(
    accounts: Accounts, count: int, inside: Sequence[str], environment: Mapping[str, str]
) -> Iterator[list[Account]]:
    """`count` new accounts, gone afterwards; `inside` begins the command line of what must reach the host."""
    made = [Account(f"load-{secrets.token_hex(6)}", secrets.token_urlsafe(24)) for _ in range(count)]

    def on_host(script: str, lines: Sequence[str]) -> "subprocess.CompletedProcess[str]":
        return _run(accounts, script, lines, inside, environment)

    try:
        done = on_host(ADD, [f"{account.user} {account.password}" for account in made])
        if done.returncode:
            raise LoadError(f"{accounts.host}: accounts could not be made: {_last(done)}")
        yield made
    finally:
        with _uninterrupted():
            done = on_host(REMOVE, [account.user for account in made])
    left = done.stdout.split() if done.returncode == 0 else [account.user for account in made]
    if left:
        raise LoadError(f"{accounts.host}: {len(left)} accounts may be left, {left[0]} among them: {_last(done)}")


def _run(
    accounts: Accounts, script: str, lines: Sequence[str], inside: Sequence[str], environment: Mapping[str, str]
) -> "subprocess.CompletedProcess[str]":
    ssh = accounts.as_root(["sh", "-c", script.format(command=COMMAND)], environment)
    text = "".join(f"{line}\n" for line in lines)
    return _finish([*inside, *ssh], text, 30 + SECONDS_EACH * len(lines), environment)


def _finish(
    command: Sequence[str], text: str, seconds: float, environment: Mapping[str, str]
) -> "subprocess.CompletedProcess[str]":
    """Also after Ctrl-C: what a host was told goes on there, and accounts can only be removed once they are made."""
    pipe = subprocess.PIPE
    process = subprocess.Popen(
        command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=dict(environment), start_new_session=True
    )
    try:
        told, said = process.communicate(text, seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        return subprocess.CompletedProcess(command, 1, "", f"no answer within {seconds:g} s")
    except KeyboardInterrupt:
        with _uninterrupted(), contextlib.suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=seconds)
        raise
    return subprocess.CompletedProcess(command, process.returncode, told, said)


def _last(done: "subprocess.CompletedProcess[str]") -> str:
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    return lines[-1] if lines else f"no reason given (status {done.returncode})"


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """A second Ctrl-C changes nothing."""
    kept = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
