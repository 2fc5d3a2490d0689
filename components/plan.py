"""What every component is given: the settings, the hosts, the certificates and the passwords of one deployment."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from components.network.certificates import Certificates
    from components.network.flows import Flow
    from components.passwords import Passwords
    from components.settings import DeploymentSettings

Role = Literal["load_balancer", "im", "database", "queue", "cache", "witness", "operations", "offsite"]
EVERY_ROLE: tuple[Role, ...] = get_args(Role)


@dataclass(frozen=True)
class HostPlan:
    """One host as the stack file declares it: `address` is IPv4, `address6` IPv6 or empty.

    `roles` has those that it is about to lose, too: who may talk to it is still as before.
    """

    name: str
    address: str
    address6: str
    roles: frozenset[Role]


@dataclass(frozen=True)
class Endpoint:
    """Where a component can be reached."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True)
class Plan:
    """Shared by the components of one deployment."""

    settings: "DeploymentSettings"
    certificates: "Certificates"
    passwords: "Passwords"
    flows: tuple["Flow", ...] = ()
    """Those of all components."""

    def hosts_of(self, *roles: Role) -> tuple[HostPlan, ...]:
        """The hosts that have any of `roles`, in the order of the stack file."""
        return self.settings.hosts_of(*roles)
