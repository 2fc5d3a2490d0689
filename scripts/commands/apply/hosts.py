"""Resources of our own provider, made in this process: the same code that the engine calls through gRPC."""

import asyncio
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from commands.apply import ApplyError
from commands.apply.progress import Progress
from commands.apply.saved import Resource
from onprem.connections import Connections
from onprem.differences import differences
from onprem.errors import OnPremError
from onprem.hosts import Hosts
from onprem.inventory import read_hosts
from onprem.modes import read_modes
from onprem.services import Services
from onprem.transport import opener_for

HOST = "onprem:index:Host"
SERVICE = "onprem:index:Service"


class OnpremHosts:
    """Works on hosts in an event loop of its own, so that `make` can be called from any thread."""

    def __init__(self, config: Mapping[str, str], progress: Progress) -> None:
        self._modes = modes = read_modes(os.environ)
        try:
            hosts = read_hosts(config.get("onprem:hosts", "{}"))
        except OnPremError as error:
            raise ApplyError(str(error)) from None
        self._connections = Connections(hosts, opener_for(modes.reader))
        self._services = Services(self._connections, modes)
        self._hosts = Hosts(self._connections, modes)
        self._progress = progress
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="hosts", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def make(self, kind: str, name: str, inputs: Mapping[str, Any], last: Resource | None) -> Resource:
        """Blocks until the host is as declared; raises one error that says everything that is wrong."""
        report = ProgressReport(self._progress, name)
        try:
            if kind == SERVICE:
                return self._wait(self._service(name, dict(inputs), last, report))
            if kind == HOST:
                return self._wait(self._host(name, dict(inputs), last, report))
        except OnPremError as error:
            raise ApplyError(str(error)) from error
        raise ApplyError(f"{name}: {kind} is no resource of the provider onprem")

    def stop(self) -> None:
        """Ends what is under way; hosts roll it back by themselves."""
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()

    async def _service(
        self, name: str, inputs: dict[str, Any], last: Resource | None, report: "ProgressReport"
    ) -> Resource:
        previous = dict(last.inputs) if last else {}
        whole, problems = self._services.check(inputs, previous)
        _refuse(name, problems)
        if last and whole["host"] in self._modes.offline:
            await self._services.read(previous, dict(last.outputs), report)
            return last
        if last and previous == whole:
            live = await self._services.read(whole, dict(last.outputs), report)
            if not differences(live, whole):
                return last
        outputs = await self._services.update(whole, previous, report)
        return Resource(name, whole, outputs)

    async def _host(
        self, name: str, inputs: dict[str, Any], last: Resource | None, report: "ProgressReport"
    ) -> Resource:
        previous = dict(last.inputs) if last else {}
        whole, problems = self._hosts.check(inputs, previous)
        _refuse(name, problems)
        if last and (previous == whole or whole["host"] in self._modes.offline):
            await self._hosts.read(whole, dict(last.outputs), report)
            return last
        return Resource(name, whole, await self._hosts.create(whole, report))

    def _wait(self, work: Any) -> Resource:
        made: Resource = asyncio.run_coroutine_threadsafe(work, self._loop).result()
        return made

    async def _end(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        await self._connections.close()
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)


@dataclass(frozen=True)
class ProgressReport:
    """What the provider says about one resource, for the person who watches."""

    progress: Progress
    name: str

    async def status(self, text: str) -> None:
        self.progress.status(self.name, text)

    async def note(self, text: str) -> None:
        self.progress.say(text)

    async def warning(self, text: str) -> None:
        self.progress.say(text, "yellow")


def _refuse(name: str, problems: list[str]) -> None:
    if problems:
        raise ApplyError("\n".join(f"{name}: {problem}" for problem in problems))
