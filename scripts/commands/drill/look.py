"""Looks at all hosts at once, from inside them, and tells what keeps the stack from being as it should be."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pydantic

from commands.drill.site import Site
from commands.lab import faults
from commands.lab.errors import LabError
from commands.lab.machines import Machine

LOOK = Path(__file__).with_name("on_host") / "look.py"
SECONDS = 120


@dataclass(frozen=True)
class Sight:
    """One host: whether it is the database's primary, its synchronous standbys, the IM servers it sees, and so on."""

    primary: bool = False
    standbys: int = 0
    nodes: tuple[str, ...] = ()
    holder: bool = False
    cache: bool = False
    unhealthy: tuple[str, ...] = ()


@dataclass(frozen=True)
class Standing:
    """All hosts that answered, and those that are off or cut off."""

    sights: Mapping[str, Sight]
    away: tuple[str, ...] = ()

    @property
    def primaries(self) -> tuple[str, ...]:
        """The hosts whose database takes writes."""
        return tuple(name for name, sight in self.sights.items() if sight.primary)

    @property
    def holders(self) -> tuple[str, ...]:
        """The hosts that have the shared address."""
        return tuple(name for name, sight in self.sights.items() if sight.holder)

    def is_whole(self, members: Sequence[str]) -> bool:
        """Whether every IM host sees all of them."""
        return all(len(self.sights.get(name, Sight()).nodes) == len(members) for name in members)


def problems(site: Site, standing: Standing) -> list[str]:
    """What differs from a stack at rest; nothing when it is one."""
    members = site.with_role("im")
    found = [f"{name}: is off, paused or cut off" for name in standing.away]
    if len(standing.primaries) != 1:
        found.append(f"database: {' and '.join(standing.primaries) or 'no host'} takes writes; expected one")
    elif standing.sights[standing.primaries[0]].standbys != 1:
        found.append(f"{standing.primaries[0]}: database: no synchronous standby")
    if len(standing.holders) != 1:
        found.append(f"{site.address}: is on {' and '.join(standing.holders) or 'no host'}; expected one")
    if not standing.is_whole(members):
        found.append(f"{', '.join(members)}: ejabberd: do not all see each other")
    found += [
        f"{name}: {service}: its check fails" for name, sight in standing.sights.items() for service in sight.unhealthy
    ]
    return found


async def look(site: Site, *, health: bool = False) -> Standing:
    """`health` also runs each service's own check, which takes seconds."""
    cut = {name for one in faults.read(site.lab.places) for name in (one.host, one.peer)}
    here = {
        name: machine
        for name, machine in site.machines.items()
        if machine.running() and not machine.frozen() and name not in cut
    }
    sights = await asyncio.gather(*(_look_at(machine, site.address, health) for machine in here.values()))
    seen = {name: sight for name, sight in zip(here, sights, strict=True) if sight}
    return Standing(seen, tuple(name for name in site.machines if name not in seen))


async def _look_at(machine: Machine, address: str, health: bool) -> Sight | None:
    try:
        argv = machine.inside(["python3", "-I", "-", address, *(["health"] if health else [])])
    except LabError:
        return None
    told = await ask(argv, LOOK.read_text())
    if not told:
        return None
    return pydantic.TypeAdapter(Sight).validate_json(told)


async def ask(argv: Sequence[str], stdin: str) -> str:
    """What a program prints; empty when it fails, or when its host went away meanwhile."""
    pipe = asyncio.subprocess.PIPE
    # A session of its own: Ctrl-C is for the drill, which still has to look until the fault is taken back.
    process = await asyncio.create_subprocess_exec(
        *argv, stdin=pipe, stdout=pipe, stderr=asyncio.subprocess.DEVNULL, start_new_session=True
    )
    try:
        told, _ = await asyncio.wait_for(process.communicate(stdin.encode()), SECONDS)
    except (TimeoutError, BrokenPipeError, ConnectionResetError):
        told = b""
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return told.decode() if process.returncode == 0 else ""
