"""The ways that are compared: a stack's entry, and one ejabberd without load balancer and cluster."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from commands.apply.engine import installed_engine
from commands.apply.stack_file import read_document, stack_path
from commands.lab.lab import Lab, lab_of
from commands.lab.machines import Machine
from commands.lab.network import exists, inside
from commands.lab.session import environment
from commands.load import LoadError
from commands.verify.outputs import Outputs, load_outputs
from commands.verify.sessions import Place, place
from components.im.server import Ports


@dataclass(frozen=True)
class Site:
    """A deployed stack; `inside` begins the command line of what must reach its hosts."""

    stack: str
    outputs: Outputs
    lab: Lab | None = None
    im_hosts: tuple[str, ...] = ()

    @property
    def inside(self) -> list[str]:
        return inside(self.lab.places, []) if self.lab else []

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, **(environment(self.lab.places) if self.lab else {})}

    @property
    def groups(self) -> dict[str, str]:
        """The control group of each lab host."""
        return {machine.name: str(machine.cgroup) for machine in self.lab.machines} if self.lab else {}


@dataclass(frozen=True)
class Way:
    """`inside` begins the command line of its clients; `proxied` ones speak for a load balancer that is not there."""

    name: str
    site: Site
    places: tuple[Place, ...]
    inside: Sequence[str] = field(default_factory=tuple)
    proxied: bool = False


def load_site(stack: str, root: Path, saved: Path, *, outside_lab: bool) -> Site:
    """Raises when the stack has no lab and nobody said that this is meant, or is not deployed."""
    lab = lab_of(stack)
    if lab.places.record.exists() and exists(lab.places):
        engine = ("scripts/lab", "run", stack, "--", *installed_engine()) if installed_engine() else ()
        return Site(stack, load_outputs(stack, root, saved, engine), lab, _im_hosts(lab))
    if not outside_lab:
        raise LoadError(
            f"{stack}: has no lab, and real users would feel a load; run scripts/quickstart {stack}, "
            "or say --outside-lab if these hosts are meant"
        )
    return Site(stack, load_outputs(stack, root, saved, installed_engine()))


def entry(site: Site) -> Way:
    """As users come: the load balancers' addresses, in turn where there are several."""
    addresses = range(len(site.outputs.endpoints.addresses))
    return Way("entry", site, tuple(place(site.outputs, "starttls", number) for number in addresses), site.inside)


def direct(site: Site) -> Way:
    """To the IM server's own port, from its own host, because its firewall lets nobody else come to that port."""
    if site.lab is None or len(site.im_hosts) != 1:
        raise LoadError(f"{site.stack}: to compare with, it needs a lab and exactly one IM host with ejabberd")
    machine = site.lab.machine(site.im_hosts[0])
    endpoints = site.outputs.endpoints
    own = Place("starttls", endpoints.domain, machine.host.address, Ports().starttls, site.outputs.ca)
    return Way("direct", site, (own,), ["nsenter", f"--net={network_of(machine)}"], proxied=True)


def network_of(machine: Machine) -> Path:
    """The network namespace of a lab host, by its first process."""
    groups = sorted(machine.cgroup.rglob("init.scope/cgroup.procs"))
    numbers = groups[0].read_text().split() if groups else []
    if not numbers:
        raise LoadError(f"{machine.name}: is not running; start it with: scripts/lab up {machine.places.stack}")
    return Path("/proc") / numbers[0] / "ns" / "net"


def _im_hosts(lab: Lab) -> tuple[str, ...]:
    """None where a package has the place of ejabberd: its ports and its ways in are its own."""
    config: Mapping[str, Any] = read_document(stack_path(lab.places.stack, lab.stacks)).get("config") or {}
    if (config.get("im:im") or {}).get("kind", "ejabberd") != "ejabberd":
        return ()
    return tuple((config.get("im:roles") or {}).get("im") or ())
