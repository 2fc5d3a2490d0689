"""The faults, in the order of their list: each names its hosts from how things stand, harms them, and takes it back."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from commands.drill import DrillError
from commands.drill.look import Standing
from commands.drill.site import Site
from commands.lab import faults as cuts
from commands.lab.lab import locked

Hosts = tuple[str, ...]
Choose = Callable[[Site, Standing], Hosts]
Act = Callable[[Site, Sequence[str]], None]


@dataclass(frozen=True)
class Fault:
    """`seconds` is how long it lasts, or how long is looked on when nothing is to be taken back."""

    name: str
    does: str
    choose: Choose
    inject: Act
    undo: Act
    seconds: float

    def __str__(self) -> str:
        return f"{self.name}: {self.does}"


def primary(_: Site, standing: Standing) -> Hosts:
    """The host of the database's primary."""
    return standing.primaries


def holder(_: Site, standing: Standing) -> Hosts:
    """The load balancer with the shared address."""
    return standing.holders


def im_host(site: Site, standing: Standing) -> Hosts:
    """One that is neither the database's primary nor the load balancer in use, as far as there is one."""
    spared = [standing.primaries, standing.holders]
    return tuple(sorted(site.with_role("im"), key=lambda name: [name in hosts for hosts in spared])[:1])


def im_hosts(site: Site, _: Standing) -> Hosts:
    """All of them."""
    return site.with_role("im")


def kill_hosts(site: Site, hosts: Sequence[str]) -> None:
    """As when the power goes."""
    for name in hosts:
        site.lab.kill(name)


def start_hosts(site: Site, hosts: Sequence[str]) -> None:
    """With their data; those that run are left alone."""
    for name in hosts:
        site.lab.start(name)


def split(site: Site, hosts: Sequence[str]) -> None:
    """None of them reaches another; everybody else reaches all."""
    for place, name in enumerate(hosts[:-1]):
        cuts.cut(site.lab.places, name, hosts[place + 1 :], "both")


def heal(site: Site, _: Sequence[str]) -> None:
    """Everybody reaches everybody."""
    cuts.heal(site.lab.places, None)


FAULTS = (
    Fault("primary-host", "kill the host of the database's primary", primary, kill_hosts, start_hosts, 35),
    Fault("im-host", "kill an IM host with its sessions", im_host, kill_hosts, start_hosts, 20),
    Fault("split-50ms", "cut the IM hosts off from each other for 50 ms", im_hosts, split, heal, 0.05),
    Fault("vip-holder", "kill the load balancer that has the shared address", holder, kill_hosts, start_hosts, 35),
)


def named(names: Sequence[str]) -> tuple[Fault, ...]:
    """The faults of these names, in the order of the list; all of them for no names."""
    known = {fault.name: fault for fault in FAULTS}
    if unknown := [name for name in names if name not in known]:
        raise DrillError(f"{', '.join(unknown)}: no such fault; choose from {', '.join(known)}")
    return tuple(fault for fault in FAULTS if not names or fault.name in names)


def act(site: Site, what: Act, hosts: Sequence[str]) -> float:
    """Does it while nobody else changes the lab; the moment at which it began, in monotonic seconds."""
    with locked(site.lab):
        began = time.monotonic()
        what(site, hosts)
    return began
