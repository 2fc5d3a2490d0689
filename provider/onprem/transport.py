"""The way to a host: the system's `ssh`, running Python on the other side with its standard streams joined to ours."""

import asyncio
import contextlib
import os
import shlex
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Protocol

from onprem import ssh_failures
from onprem.bundle import bootstrap, bundle
from onprem.errors import OnPremError
from onprem.inventory import USER, Login

MARKER = b"\0onprem\0"
READER = "onprem-reader"
READER_MARKER = b"\0onprem-reader\0"
CONNECT_SECONDS = 15
START_SECONDS = 60
END_SECONDS = 2
READ_BYTES = 65536
ALIVE = ("-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=3")
STRICT = ("-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes", "-o", f"ConnectTimeout={CONNECT_SECONDS}")


class Channel(Protocol):
    """Two byte streams to an agent."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def close(self) -> str:
        """Ends the connection, which makes the agent roll back what is under way; what the other side said last."""


class SshChannel:
    """The streams of an `ssh` process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        if process.stdin is None or process.stdout is None or process.stderr is None:
            raise OnPremError("ssh was started without pipes")
        self.reader, self.writer = process.stdout, process.stdin
        self._process = process
        self._said = asyncio.create_task(_last(process.stderr))

    async def close(self) -> str:
        """Closes the agent's input; ends ssh when that does not end it."""
        self.writer.close()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), END_SECONDS)
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        try:
            return await asyncio.wait_for(self._said, END_SECONDS)
        except TimeoutError:
            return ""


class Opener(Protocol):
    """Opens a channel to a host. `new_login` asks for a login of its own, not one shared through ControlPath."""

    async def __call__(self, host: str, login: Login, *, new_login: bool = False) -> Channel: ...


def ssh_options(login: Login, environ: Mapping[str, str] = os.environ) -> list[str]:
    """What every call of ssh for `login` begins with; destination last."""
    config = environ.get("ONPREM_SSH_CONFIG")
    port = [] if login.port is None else ["-p", str(login.port)]
    return [*(["-F", config] if config else []), *port, f"{login.user}@{login.address}"]


async def open_ssh(host: str, login: Login, *, new_login: bool = False) -> Channel:
    """An agent on `host`, ready for frames; raises a sentence when any part of the way is missing."""
    python = ["python3", "-I", "-S", "-c", bootstrap()]
    remote = shlex.join(python if login.user == "root" else ["sudo", "-n", *python])
    channel = await _open(host, login, remote, MARKER, new_login=new_login)
    channel.writer.write(len(bundle()).to_bytes(4, "big") + bundle())
    return channel


def opener_for(reader: str) -> Opener:
    """The way to the agents, or to the hosts' readers when there is an account of theirs."""
    return partial(_open_reader, reader) if reader else open_ssh


async def _open_reader(reader: str, host: str, login: Login, *, new_login: bool = False) -> Channel:
    """Whatever is asked for, sshd starts what the account may run. Nothing is sent before it says what it is."""
    if not USER.fullmatch(reader):
        raise OnPremError(f"ONPREM_READER: {reader!r} cannot be used; expected a login name")
    return await _open(host, replace(login, user=reader), READER, READER_MARKER, new_login=new_login)


async def _open(host: str, login: Login, remote: str, marker: bytes, *, new_login: bool) -> SshChannel:
    shared = ["-S", "none"] if new_login else []
    process = await _start("-T", "-a", "-x", "-o", "ControlMaster=no", *shared, *STRICT, *ALIVE, login, remote)
    channel = SshChannel(process)
    try:
        await asyncio.wait_for(channel.reader.readuntil(marker), START_SECONDS)
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError):
        said = await channel.close()
        raise OnPremError(await _explain(host, login, said)) from None
    return channel


async def _start(*arguments: str | Login) -> asyncio.subprocess.Process:
    words = [word for item in arguments for word in (ssh_options(item) if isinstance(item, Login) else [item])]
    pipe = asyncio.subprocess.PIPE
    try:
        # A session of its own: Ctrl-C reaches us, and we tell the agent, before ssh is gone.
        return await asyncio.create_subprocess_exec(
            "ssh", *words, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True
        )
    except FileNotFoundError:
        raise OnPremError("ssh is not installed on this machine; install the OpenSSH client") from None


async def _last(stream: asyncio.StreamReader) -> str:
    """The end of what `stream` says, read all the time so that nobody waits for us to read it."""
    kept = b""
    while piece := await stream.read(READ_BYTES):
        kept = (kept + piece)[-READ_BYTES:]
    return kept.decode(errors="replace")


async def _explain(host: str, login: Login, said: str) -> str:
    if ssh_failures.is_unknown_key(said):
        said += await _verbose(login)
    return ssh_failures.explain(host, login, said, shlex.join(["ssh", *ssh_options(login)]))


async def _verbose(login: Login) -> str:
    """ssh names the key a host offers only when asked to be verbose."""
    process = await _start("-v", *STRICT, login, "true")
    _, said = await process.communicate()
    return said.decode(errors="replace")
