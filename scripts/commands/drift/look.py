"""Looks at every host of a state, side by side, over one connection each. What is asked of a host changes nothing."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from commands.drift.certificates import in_files
from commands.drift.findings import Certificate, HostFound, Item, ServiceFound, Status
from commands.drift.items import items, manifest_items
from commands.drift.state import Inputs, State
from onprem.connections import Connection, Connections
from onprem.errors import OnPremError
from onprem.modes import Modes
from onprem.report import Silence
from onprem.services import Services

HOSTS_SIDE_BY_SIDE = 32
"""Each is a process of ssh; more of them only wait for one another."""


@dataclass(frozen=True)
class Look:
    """`hosts` in the order of their names; `certificates` are those that stand in files as they are."""

    hosts: tuple[HostFound, ...]
    certificates: tuple[Certificate, ...]
    notes: tuple[str, ...]


@dataclass
class _Heard(Silence):
    """What the provider warns of while it reads: each is something that could not be read."""

    warnings: list[str] = field(default_factory=list)

    async def warning(self, text: str) -> None:
        self.warnings.append(text)


@dataclass
class _Run:
    """`seconds` is how long a host may take for one service."""

    connections: Connections
    services: Services
    modes: Modes
    seconds: float
    places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(HOSTS_SIDE_BY_SIDE))
    certificates: list[Certificate] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    async def host(self, host: str, declared: Sequence[Inputs]) -> HostFound:
        if away := self.modes.away(host):
            return HostFound(host, Status.SKIPPED, reason=f"{host}: skipped, {away} names it")
        async with self.places:
            try:
                connection = await self.connections.get(host)
            except OnPremError as error:
                return HostFound(host, Status.UNREACHABLE, reason=str(error))
            known = _Known()
            looks = await asyncio.gather(*(self._service(connection, inputs, known) for inputs in declared))
        found = (*looks, *known.strangers({inputs["service"] for inputs in declared}))
        if connection.lost is None:
            return HostFound(host, Status.LOOKED, found)
        return HostFound(host, Status.UNREACHABLE, tuple(each for each in found if each.items), connection.lost)

    async def _service(self, connection: Connection, inputs: Inputs, known: "_Known") -> ServiceFound:
        name, heard = inputs["service"], _Heard()
        about = f"{inputs['host']}/{name}"
        try:
            async with asyncio.timeout(self.seconds):
                live, manifest = await asyncio.gather(
                    # In the place of the last known state: a step that cannot be read counts as not read, not as drift.
                    self.services.read(inputs, inputs, heard),
                    connection.request("manifest", heard, service=name),
                )
        except OnPremError as error:
            return ServiceFound(name, not_read=(str(error),))
        except TimeoutError:
            return ServiceFound(name, not_read=(f"{about}: could not be read within {self.seconds:.0f} s",))
        known.services.update(manifest["services"])
        known.unfinished.update(manifest["unfinished"])
        damaged = manifest.get("damaged", "")
        if manifest["declared"] is None and not damaged:
            self.notes.append(f"{about}: the host has no record of what it was told; the next change writes it")
        self.certificates += in_files(inputs, live)
        found = (*items(inputs, live), *manifest_items(inputs, manifest["declared"], damaged))
        return ServiceFound(name, found, tuple(heard.warnings))


@dataclass
class _Known:
    """Services that a host remembers, and those of which a change was cut off."""

    services: set[str] = field(default_factory=set)
    unfinished: set[str] = field(default_factory=set)

    def strangers(self, declared: set[str]) -> Iterator[ServiceFound]:
        for name in sorted((self.services | self.unfinished) - declared):
            yield ServiceFound(name, (CUT_OFF if name in self.unfinished else STRANGER,))


STRANGER = Item("service", "", "is on the host, and not in the state")
CUT_OFF = Item("unfinished change", "", "a change was cut off, of a service that is not in the state")


async def look(state: State, connections: Connections, modes: Modes, seconds: float) -> Look:
    """Never raises for a host: what could not be looked at is part of what was found."""
    run = _Run(connections, Services(connections, modes), modes, seconds)
    try:
        hosts = await asyncio.gather(*(run.host(host, declared) for host, declared in _by_host(state).items()))
    finally:
        await connections.close()
    return Look(tuple(hosts), tuple(run.certificates), tuple(sorted(run.notes)))


def _by_host(state: State) -> Mapping[str, list[Inputs]]:
    found: dict[str, list[Any]] = {}
    for inputs in sorted(state.services, key=lambda each: (each["host"], each["service"])):
        found.setdefault(inputs["host"], []).append(inputs)
    return found
