"""The stack under a drill: which lab host has which role, and the address that its clients use."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from commands.apply.stack_file import read_document, stack_path
from commands.drill import DrillError
from commands.lab.lab import Lab
from commands.lab.machines import Machine
from commands.verify.outputs import Outputs


@dataclass(frozen=True)
class Site:
    """`roles` are the host names of each role, in the order of the stack file.

    `stacks` is the folder of that file, `saved` that of what `scripts/apply` generated.
    """

    lab: Lab
    outputs: Outputs
    roles: Mapping[str, tuple[str, ...]]
    stacks: Path
    saved: Path

    @property
    def stack(self) -> str:
        """Its name."""
        return self.lab.places.stack

    @property
    def address(self) -> str:
        """Where clients connect."""
        return self.outputs.endpoints.addresses[0]

    @property
    def machines(self) -> Mapping[str, Machine]:
        """All hosts by name."""
        return {machine.name: machine for machine in self.lab.machines}

    def with_role(self, role: str) -> tuple[str, ...]:
        """The names of its hosts."""
        return self.roles.get(role, ())


def load_site(lab: Lab, outputs: Outputs, stacks: Path, saved: Path) -> Site:
    """Raises when the stack has no cluster to harm, or is not the one that the lab's hosts were made for."""
    stack = lab.places.stack
    config: Mapping[str, Any] = read_document(stack_path(stack, stacks)).get("config") or {}
    roles = {role: tuple(names) for role, names in (config.get("im:roles") or {}).items()}
    known = {machine.name for machine in lab.machines}
    if strangers := sorted({name for names in roles.values() for name in names} - known):
        raise DrillError(f"{stack}: {', '.join(strangers)}: no lab host of this name; run: scripts/lab up {stack}")
    single = [role for role in ("load_balancer", "im", "database") if len(roles.get(role, ())) < 2]
    if single:
        raise DrillError(f"{stack}: a single host for {', '.join(single)} has nobody to take over; drill test or prod")
    return Site(lab, outputs, roles, stacks, saved)
