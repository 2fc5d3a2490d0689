"""Flows: who may talk to whom on which port. The firewall is generated from them and from nothing else."""

from dataclasses import dataclass
from typing import Literal

from components.plan import Role

Protocol = Literal["tcp", "udp", "vrrp"]
Source = Role | Literal["world", "administrators"]


@dataclass(frozen=True)
class Flow:
    """Hosts of `source` may open connections to `ports` of hosts that have one of the roles `to`.

    VRRP has no ports.
    """

    name: str
    source: tuple[Source, ...]
    to: tuple[Role, ...]
    ports: tuple[int, ...]
    protocol: Protocol = "tcp"
