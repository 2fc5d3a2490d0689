"""The hosts a stack file declares."""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from commands.lab.errors import LabError

HOST_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
USER_NAME = re.compile(r"[a-z_][a-z0-9_-]{0,31}")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
ADMINISTRATOR = 1  # the bridge's first address in each network, where commands of `lab run` come from


def stranger(network: Network) -> int:
    """The bridge's second address in each network: `.200` and `::200`, for probes by somebody unknown."""
    return 200 if network.version == 4 else 0x200


@dataclass(frozen=True)
class LabHost:
    """A host as declared: name, addresses without prefix, the user who logs in."""

    name: str
    address: str
    address6: str | None = None
    user: str = "root"

    @property
    def networks(self) -> tuple[Network, ...]:
        four = ipaddress.IPv4Network(f"{self.address}/24", strict=False)
        return (four, ipaddress.IPv6Network(f"{self.address6}/64", strict=False)) if self.address6 else (four,)

    @property
    def interfaces(self) -> tuple[str, ...]:
        """The addresses with their prefix."""
        return (f"{self.address}/24", f"{self.address6}/64") if self.address6 else (f"{self.address}/24",)

    @property
    def gateways(self) -> tuple[str, ...]:
        return tuple(str(network[ADMINISTRATOR]) for network in self.networks)

    @property
    def bridge_addresses(self) -> tuple[str, ...]:
        return tuple(str(network[last]) for network in self.networks for last in (ADMINISTRATOR, stranger(network)))

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def read_hosts(stacks: Path, stack: str) -> tuple[LabHost, ...]:
    """The hosts in the order of the stack file."""
    path = stacks / f"Pulumi.{stack}.yaml"
    try:
        document = yaml.safe_load(path.read_text())
    except FileNotFoundError:
        raise LabError(f"{path}: there is no such stack file; {_choices(stacks)}") from None
    except yaml.YAMLError as error:
        raise LabError(f"{path}: not YAML: {' '.join(str(error).split())}") from None
    config = document.get("config") if isinstance(document, dict) else None
    declared = config.get("onprem:hosts") if isinstance(config, dict) else None
    if not isinstance(declared, dict) or not declared:
        raise LabError(f"{path}: onprem:hosts names no host; declare at least one with its address")
    hosts = tuple(_host(path, name, fields) for name, fields in declared.items())
    _refuse_shared_addresses(path, hosts)
    return hosts


def _choices(stacks: Path) -> str:
    names = sorted(file.name.removeprefix("Pulumi.").removesuffix(".yaml") for file in stacks.glob("Pulumi.*.yaml"))
    return f"choose one of {', '.join(names)}" if names else "the folder has none"


def _host(path: Path, name: object, fields: object) -> LabHost:
    where = f"{path}: onprem:hosts.{name}"
    if not isinstance(name, str) or not HOST_NAME.fullmatch(name):
        raise LabError(f"{where}: not a host name; use lower-case letters, digits and hyphens")
    if not isinstance(fields, Mapping) or "address" not in fields:
        raise LabError(f"{where}: no address; expected {{address, address6, user}}")
    user = str(fields.get("user", "root"))
    if not USER_NAME.fullmatch(user):
        raise LabError(f"{where}.user: {user!r} is no user name")
    six = fields.get("address6")
    address = _address(where, "address", fields["address"], ipaddress.IPv4Address)
    return LabHost(name, address, _address(where, "address6", six, ipaddress.IPv6Address) if six else None, user)


def _address(
    where: str, field: str, value: object, kind: type[ipaddress.IPv4Address] | type[ipaddress.IPv6Address]
) -> str:
    try:
        address = kind(str(value))
    except ValueError:
        version = "4" if kind is ipaddress.IPv4Address else "6"
        raise LabError(f"{where}.{field}: {value!r} is no IPv{version} address") from None
    if not address.is_private:
        raise LabError(f"{where}.{field}: {value} is not a private address; the lab makes private ones only")
    return str(address)


def _refuse_shared_addresses(path: Path, hosts: tuple[LabHost, ...]) -> None:
    owners = {address: "the lab's bridge" for host in hosts for address in host.bridge_addresses}
    for host in hosts:
        for address in filter(None, (host.address, host.address6)):
            if address in owners:
                raise LabError(f"{path}: onprem:hosts.{host.name}: {address} belongs to {owners[address]} already")
            owners[address] = host.name
