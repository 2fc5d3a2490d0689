"""The base class: one service over the hosts of its role, one host at a time."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

import pulumi

from components import restore_gate
from components.keep import WHOLE, without
from components.network.flows import Flow
from components.plan import HostPlan, Plan, Role
from components.resources import Service, ServiceState

if TYPE_CHECKING:
    from components.settings import DeploymentSettings


class Component(pulumi.ComponentResource):
    """Makes one `Service` per host, each after the one before it. Subclasses say what a host gets."""

    name: ClassVar[str]
    """The service's name, also the folder of its templates and the key of its settings."""
    roles: ClassVar[tuple[Role, ...]]
    """The service runs on every host that has one of these roles."""
    holds_data: ClassVar[bool] = False
    """Protected from deletion in stacks that say `protect`."""
    needs_restore_test: ClassVar[bool] = False
    """Changed only while a restore test is recent, in stacks that say `require_restore_test`."""
    majority_port: ClassVar[int | None] = None
    """Where its members hear each other, when they decide by majority."""
    passwords: ClassVar[tuple[str, ...]] = ()
    """The names it asks `plan.passwords` for; a stack file may bring each as `im:<name>`, encrypted."""

    def __init__(self, plan: Plan, *, after: Sequence[pulumi.Resource] = ()) -> None:
        kind = f"im:{type(self).__module__.removeprefix('components.').replace('.', '/')}:{type(self).__name__}"
        super().__init__(kind, self.name, None, pulumi.ResourceOptions(depends_on=list(after)))
        self.plan = plan
        self.services: list[Service] = []
        self.last_on: dict[str, list[Service]] = merged(after)
        """By host, what was declared there last, here or before."""
        before = dict(self.last_on)
        for host in plan.hosts_of(*self.roles):
            if (state := self.declared(host)) is not None:
                self.services.append(self._on(host, state, before.get(host.name, [])))
                self.last_on[host.name] = self.services[-1:]
        self.register_outputs({})

    def _on(self, host: HostPlan, state: ServiceState, before: Sequence[Service]) -> Service:
        """The services before it are named, too: when a host leaves, its own go in the opposite order."""
        options = pulumi.ResourceOptions(
            parent=self,
            depends_on=[*before, *self.services[-1:]],
            protect=self.plan.settings.protect and self.holds_data,
        )
        return Service(host.name, self.name, state, options)

    @classmethod
    def is_chosen(cls, settings: "DeploymentSettings") -> bool:
        """Whether this deployment has it. Adapters of one role answer by their kind."""
        return True

    def service(self, host: HostPlan) -> ServiceState:
        """What this service declares on `host`."""
        raise NotImplementedError

    def declared(self, host: HostPlan) -> ServiceState | None:
        """`service`, without what the stack file keeps as it is; None when that is all of it."""
        kept = self.plan.settings.keep.get(host.name, {}).get(self.name, ())
        if WHOLE in kept:
            return None
        proof = restore_gate.proof(self.plan.settings) if self.needs_restore_test else None
        return replace(without(self.service(host), kept, f"im:keep.{host.name}.{self.name}"), proof=proof)

    @classmethod
    def packages(cls, plan: Plan, host: HostPlan) -> tuple[str, ...]:
        """What it will install on `host`, known before anything of it is registered."""
        sketch = cls.__new__(cls)
        sketch.plan = plan
        state = sketch.declared(host)
        return tuple(state.packages) if state else ()

    @classmethod
    def requirements(cls, settings: "DeploymentSettings", host: HostPlan) -> dict[str, Any]:
        """What `host` must have for it, beside what all hosts must."""
        return {}

    @classmethod
    def flows(cls, settings: "DeploymentSettings") -> tuple[Flow, ...]:
        """Who may talk to this service on which port; nothing else is let in."""
        return ()


def merged(after: Sequence[pulumi.Resource]) -> dict[str, list[Service]]:
    """What the components before have on each host."""
    found: dict[str, list[Service]] = {}
    for component in after:
        for host, services in component.last_on.items() if isinstance(component, Component) else ():
            found[host] = list(dict.fromkeys([*found.get(host, []), *services]))
    return found
