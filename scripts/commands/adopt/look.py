"""Looks at hosts over one connection each: what is declared, what else is there. Nothing that is asked changes them."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from commands.adopt.probes import PROBES, SIZES, TEXTS
from commands.drift.state import Inputs
from onprem.connections import Connection, Connections
from onprem.errors import OnPremError
from onprem.modes import Modes
from onprem.report import Silence
from onprem.services import Services

NOT_READ = "(could not be read on this host)"
BROAD = frozenset({"/etc", "/etc/systemd/system", "/usr/local/lib", "/usr/local/lib/im"})
"""Folders of everybody: what else is in them is told as units, or is nobody's business."""
MADE_BY_PACKAGES = ("/etc/ssh/ssh_host_", "/etc/security/opasswd", "/etc/default/locale")


@dataclass(frozen=True)
class ServiceLook:
    """`live` are the outputs that an import gives it.

    `notes` and `warnings` are the provider's: notes on one that is not there at all, warnings on what was not read.
    """

    inputs: Inputs = field(repr=False)
    live: Mapping[str, Any] = field(repr=False)
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def is_there(self) -> bool:
        """Whether the host has anything of it; folders may be anybody's."""
        return any(self.live.get(section) for section in ("packages", "users", "files", "units"))


@dataclass(frozen=True)
class Stock:
    """What is on a host whatever is declared, as the agent's operations tell it. `texts` are files, `told` probes."""

    facts: Mapping[str, Any]
    measured: Mapping[str, Any]
    survey: Mapping[str, Any]
    texts: Mapping[str, str] = field(repr=False)
    told: Mapping[str, str] = field(repr=False)


@dataclass
class _Heard(Silence):
    """What the provider says."""

    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    async def note(self, text: str) -> None:
        self.notes.append(text)

    async def warning(self, text: str) -> None:
        self.warnings.append(text)


class Hosts:
    """`unreachable` says why, by host; the others are looked at."""

    def __init__(self, connections: Connections, seconds: float) -> None:
        self._connections = connections
        self._services = Services(connections, Modes())
        self._seconds = seconds
        self.unreachable: dict[str, str] = {}

    async def connect(self, hosts: Sequence[str]) -> None:
        """Finds out who answers."""
        await asyncio.gather(*(self._connect(host) for host in hosts))

    async def close(self) -> None:
        """Ends the connections."""
        await self._connections.close()

    async def stock(self, declared: Mapping[str, Sequence[Inputs]]) -> dict[str, Stock]:
        """By host; `declared` are the services of each."""
        return await self._each({host: self._stock(host, services) for host, services in declared.items()})

    async def services(self, declared: Sequence[Inputs]) -> dict[str, ServiceLook]:
        """By `<host>/<service>`."""
        return await self._each({f"{one['host']}/{one['service']}": self._service(one) for one in declared})

    async def secrets(self, declared: Sequence[Inputs]) -> dict[str, Mapping[str, str]]:
        """What live files tell of each service's secrets."""
        return await self._each({f"{one['host']}/{one['service']}": self._secrets(one) for one in declared})

    def check(self, inputs: Inputs) -> tuple[Inputs, list[str]]:
        """Defaults filled in, and what is wrong."""
        return self._services.check(inputs, {})

    async def _connect(self, host: str) -> None:
        try:
            await self._connections.get(host)
        except OnPremError as error:
            self.unreachable[host] = str(error)

    async def _each(self, looks: Mapping[str, Any]) -> dict[str, Any]:
        found = await asyncio.gather(*(self._guarded(name, look) for name, look in looks.items()))
        return {name: one for name, one in zip(looks, found, strict=True) if one is not None}

    async def _guarded(self, name: str, look: Any) -> Any:
        host = name.partition("/")[0]
        if host in self.unreachable:
            look.close()
            return None
        try:
            async with asyncio.timeout(self._seconds):
                return await look
        except OnPremError as error:
            self.unreachable[host] = str(error)
        except TimeoutError:
            self.unreachable[host] = f"{name}: no answer within {self._seconds:.0f} s"
        return None

    async def _stock(self, host: str, services: Sequence[Inputs]) -> Stock:
        connection = await self._connections.get(host)
        required = {"free_disk_mb": {"/": 1}, "static_address": True, "mirror": True, "clock_offset_seconds": 60}
        measured, survey, texts, told = await asyncio.gather(
            connection.request("measure", Silence(), requirements=required),
            connection.request("survey", Silence(), folders=sorted(_folders(services)), paths=list(SIZES)),
            _texts(connection),
            _probes(connection),
        )
        return Stock(measured["facts"], measured["measured"], _ours_left_out(survey, services), texts, told)

    async def _service(self, inputs: Inputs) -> ServiceLook:
        unknown = {"steps": {name: {"want": NOT_READ} for name in inputs.get("steps", {})}}
        heard = _Heard()
        live = await self._services.read(inputs, unknown, heard)
        look = ServiceLook(inputs, live, warnings=tuple(heard.warnings))
        if look.is_there:
            return look
        await self._services.look(inputs, heard)
        return ServiceLook(inputs, live, tuple(heard.notes))

    async def _secrets(self, inputs: Inputs) -> Mapping[str, str]:
        connection = await self._connections.get(inputs["host"])
        answer = await connection.request("recall", Silence(), service=inputs["service"], declared=inputs)
        secrets: Mapping[str, str] = answer["secrets"]
        return secrets


async def _texts(connection: Connection) -> dict[str, str]:
    """The files that settings are read from, where they are."""
    declared = {"files": {path: {"content": ""} for path in TEXTS}}
    answer = await connection.request("look", Silence(), service="adopt", declared=declared)
    return {path: file["content"] for path, file in answer["live"].get("files", {}).items()}


async def _probes(connection: Connection) -> dict[str, str]:
    """What the commands of `PROBES` print."""
    steps = {name: {"read": command, "want": "", "act": "false"} for name, command in PROBES.items()}
    answer = await connection.request("read", Silence(), service="adopt", declared={"steps": steps})
    return {name: step["want"] for name, step in answer["live"]["steps"].items() if "unread" not in step}


def _folders(services: Sequence[Inputs]) -> Iterator[str]:
    """Where services have settings, and above a folder of drop-ins the one whose file reads them."""
    for inputs in services:
        for path in inputs.get("files", {}):
            folder = PurePosixPath(path).parent
            drop_ins = folder.suffix == ".d" and str(folder.parent) not in BROAD
            folders = (folder, folder.parent) if drop_ins else (folder,)
            yield from (str(each) for each in folders if str(each) not in BROAD and str(each).startswith("/etc/"))


def _ours_left_out(survey: Mapping[str, Any], services: Sequence[Inputs]) -> dict[str, Any]:
    files = {path for inputs in services for path in inputs.get("files", {})}
    units = {unit for inputs in services for unit in inputs.get("units", {})}
    return {
        **survey,
        "units": [unit for unit in survey["units"] if unit["unit"] not in units],
        "files": [path for path in survey["files"] if path not in files and not path.startswith(MADE_BY_PACKAGES)],
        "jobs": [path for path in survey["jobs"] if path not in files],
    }
