"""Servers: the machines themselves, what they must have, and the packages they fetch ahead."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pulumi
from pydantic import Field

from components.model import Settings
from components.plan import EVERY_ROLE, HostPlan, Plan
from components.resources import Host

if TYPE_CHECKING:
    from components.component import Component

OPERATING_SYSTEMS = ("debian 12", "ubuntu 22.04", "ubuntu 24.04")


class Requirements(Settings):
    """What every host must have before anything is changed on it. Leave out or set to null what does not matter."""

    sizes = {
        "small": {"memory_mb": 1_500, "cores": 1, "free_disk_mb": {"/": 3_000}},
        "medium": {"memory_mb": 15_500, "cores": 4, "free_disk_mb": {"/": 40_000}},
        "large": {"memory_mb": 31_000, "cores": 8, "free_disk_mb": {"/": 100_000}},
    }

    memory_mb: int | None = Field(None, ge=512, description="memory; a machine sold with 16 GB shows about 15,500 MB")
    cores: int | None = Field(None, ge=1, description="processor cores")
    free_disk_mb: dict[str, int] = Field(default_factory=dict, description="room that must be free, by path")
    ssd: bool | None = Field(None, description="the disk of / does not rotate")
    raid: bool | None = Field(None, description="the disk of / is mirrored, where the machine tells")
    redundant_power: bool | None = Field(None, description="two power supplies, where the machine tells")
    link_mbps: int | None = Field(None, ge=10, description="speed of the network card")
    static_address: bool | None = Field(True, description="the address is not a lease of DHCP")
    operating_systems: tuple[str, ...] = Field(OPERATING_SYSTEMS, description="name and version, any of these")
    python: str = Field("3.9", pattern=r"^3\.\d+$", description="the oldest Python that will do")
    clock_offset_seconds: float | None = Field(2.0, gt=0, description="how far its clock may be off")
    resolves: tuple[str, ...] = Field((), description="names that it must be able to look up")
    mirror: bool | None = Field(True, description="its package mirror answers")

    def declared(self) -> dict[str, Any]:
        """As the provider takes them: nothing for what does not matter."""
        return {name: value for name, value in self.model_dump(mode="json").items() if value not in (None, [], {})}


class Servers(pulumi.ComponentResource):
    """One `Host` each, side by side. What runs on them comes after."""

    def __init__(self, plan: Plan, components: Sequence[type["Component"]]) -> None:
        super().__init__("im:servers/server:Servers", "servers")
        options = pulumi.ResourceOptions(parent=self)
        for host in plan.hosts_of(*EVERY_ROLE):
            placed = [component for component in components if host in plan.hosts_of(*component.roles)]
            Host(host.name, requirements_of(plan, placed, host), packages_of(plan, placed, host), options)
        self.register_outputs({})


def requirements_of(plan: Plan, placed: Sequence[type["Component"]], host: HostPlan) -> dict[str, Any]:
    """What all hosts must have, and what the services of `host` need."""
    required = plan.settings.requirements.declared()
    for component in placed:
        required |= component.requirements(plan.settings, host)
    found = {what: members for component in placed for what, members in majorities(plan, component).items()}
    return {**required, "majorities": found} if found else required


def majorities(plan: Plan, component: type["Component"]) -> dict[str, list[str]]:
    """What must run before members leave: most of those there are, and most of those that stay.

    A leave that is refused later, by the cluster itself, would find half of the changes made.
    """
    staying, members = (plan.settings.hosts_of(*component.roles, leaving=leaving) for leaving in (False, True))
    if component.majority_port is None or staying == members:
        return {}
    name, port = component.name, component.majority_port
    named = {f"members of {name}": members, f"members of {name} that stay": staying}
    return {what: [f"{host.address}:{port}" for host in hosts] for what, hosts in named.items()}


def packages_of(plan: Plan, placed: Sequence[type["Component"]], host: HostPlan) -> list[str]:
    """All packages that the services of `host` install."""
    return sorted({package for component in placed for package in component.packages(plan, host)})
