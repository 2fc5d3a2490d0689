"""What is tried all the time while a fault lasts: writes to the database on every way, and the clients' address."""

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

from commands.drill import DrillError
from commands.drill.knock import FAILED
from commands.drill.look import Standing, ask
from commands.drill.site import Site
from commands.drill.writes import CONSUMERS, Write
from commands.lab.errors import LabError
from commands.lab.machines import Machine

WRITE_ROWS = Path(__file__).with_name("on_host") / "write_rows.py"
KNOCK = Path(__file__).with_name("knock.py")
SOCKET = "socket"
MAKE_TABLE = """\
drop table if exists drill_rows;
create table drill_rows (key text primary key);
alter table drill_rows owner to ejabberd;
"""
"""The owner of the database's tables, as who the IM server logs in."""
AGAIN_SECONDS = 0.5
HTTP_PORT = 80


@dataclass
class Probes:
    """What succeeded, and when (monotonic seconds); `refused` counts connections to the address that did not."""

    site: Site
    writes: list[Write] = field(default_factory=list)
    answers: list[float] = field(default_factory=list)
    refused: int = 0

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["Probes"]:
        """While the block lasts."""
        ways = [(name, SOCKET) for name in self.site.with_role("database")]
        ways += [(name, CONSUMERS) for name in self.site.with_role("im")]
        machines = self.site.machines
        works = [self._write(machines[name], way) for name, way in ways] + [self._knock()]
        tasks = [asyncio.create_task(work) for work in works]
        try:
            yield self
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _write(self, machine: Machine, way: str) -> None:
        """Begins anew when the host comes back."""
        while True:
            with contextlib.suppress(LabError):
                await self._write_until_it_ends(machine, way)
            await asyncio.sleep(AGAIN_SECONDS)

    async def _write_until_it_ends(self, machine: Machine, way: str) -> None:
        argv = machine.inside(["python3", "-I", "-c", WRITE_ROWS.read_text(), machine.name, way])
        pipe, nothing = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
        process = await asyncio.create_subprocess_exec(
            *argv, stdin=pipe, stdout=pipe, stderr=nothing, start_new_session=True
        )
        try:
            while process.stdout and (line := await process.stdout.readline()):
                self.writes.append(Write(**json.loads(line)))
        finally:
            await process.communicate(b"")  # closes its standard input, at which it ends

    async def _knock(self) -> None:
        """To a port of HAProxy's own, so that no IM server is bothered."""
        argv = [sys.executable, "-I", str(KNOCK), self.site.address, str(HTTP_PORT)]
        process = await asyncio.create_subprocess_exec(
            *argv, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, start_new_session=True
        )
        try:
            while process.stdout and (line := await process.stdout.readline()):
                self._note(line.decode().strip())
        finally:
            process.kill()
            await process.wait()

    def _note(self, line: str) -> None:
        if line == FAILED:
            self.refused += 1
        else:
            self.answers.append(float(line))


async def make_table(site: Site, standing: Standing) -> None:
    """Anew."""
    await _sql(site, standing, MAKE_TABLE)


async def drop_table(site: Site, standing: Standing) -> None:
    """When all is over."""
    await _sql(site, standing, "drop table if exists drill_rows;")


async def rows(site: Site, standing: Standing) -> list[str]:
    """The keys of what is there now."""
    return (await _sql(site, standing, "select key from drill_rows;")).splitlines()


async def _sql(site: Site, standing: Standing, text: str) -> str:
    host = next(iter(standing.primaries), "")
    if not host:
        raise DrillError("the database has no primary; look with: patronictl -c /etc/patroni/im/patroni.yml list")
    psql = ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-h", "/var/run/postgresql", "-d", "im"]
    argv = site.machines[host].inside(["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", *psql])
    told = await ask(argv, f"{text}\n\\echo done\n")
    if not told.endswith("done\n"):
        raise DrillError(f"{host}: the database does not do what was asked: {text.strip()}")
    return told.removesuffix("done\n")
