"""Typed fronts of the provider's two resources: the declared state of a host and of one service on it.

The fields are the inputs of `onprem:index:Host` and `onprem:index:Service`; what each means on the host is in
provider/README.md.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import pulumi

Text = str | pulumi.Output[str]

IMPORTED = pulumi.ResourceOptions(aliases=[pulumi.Alias(parent=pulumi.ROOT_STACK_RESOURCE)])
"""What `pulumi import TYPE NAME ID` brings has no parent; it is the same resource as the component's."""

UNTOUCHED = pulumi.ResourceOptions(ignore_changes=["*"])
"""What was declared last stands for a host in ONPREM_OFFLINE, so that those behind it can be changed."""


@dataclass(frozen=True, kw_only=True)
class File:
    """A regular file. `early` files are written before packages are installed."""

    content: str
    mode: str = "0644"
    owner: str = "root"
    group: str = "root"
    early: bool = False


@dataclass(frozen=True, kw_only=True)
class Directory:
    """A directory; what it holds is not managed."""

    mode: str = "0755"
    owner: str = "root"
    group: str = "root"


@dataclass(frozen=True, kw_only=True)
class User:
    """A local account without a password. `groups` are added to those it has."""

    system: bool = True
    home: str = "/nonexistent"
    shell: str = "/usr/sbin/nologin"
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Unit:
    """A systemd unit. A change of a path in `reload_on` or `restart_on` reloads or restarts it when it runs."""

    running: bool = True
    enabled: bool = True
    reload_on: tuple[str, ...] = ()
    restart_on: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Step:
    """A repeatable action: when `read` prints other than `want`, `act` runs, and `read` must then print `want`.

    Commands are run by `/bin/sh`. `stdin` is given to `act` and may refer to secrets. `restarts` names what `act` may
    have to restart, `restarts_on` the files whose change can lead to it: previews say so.
    """

    read: str
    want: str
    act: str
    stdin: str = ""
    after: tuple[str, ...] = ()
    when: Literal["before_start", "healthy"] = "healthy"
    seconds: int = 120
    restarts: str = ""
    restarts_on: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Health:
    """A command that succeeds once this member serves, tried every second for at most `seconds`."""

    command: str
    seconds: int = 60


@dataclass(frozen=True, kw_only=True)
class Proof:
    """A report on another host, without which a change is refused once it is older than `seconds`.

    `what` names it and `how` makes a new one, for people. Up to the day `until`, `reason` stands for it.
    """

    host: str
    path: str
    seconds: int
    what: str
    how: str
    reason: str = ""
    until: str = ""


@dataclass(frozen=True, kw_only=True)
class ServiceState:
    """What one service declares on one host. Only `values` and `secrets` may hold computed data."""

    packages: Mapping[str, str] = field(default_factory=dict)
    users: Mapping[str, User] = field(default_factory=dict)
    directories: Mapping[str, Directory] = field(default_factory=dict)
    files: Mapping[str, File] = field(default_factory=dict)
    values: Mapping[str, Text] = field(default_factory=dict)
    secrets: Mapping[str, Text] = field(default_factory=dict)
    units: Mapping[str, Unit] = field(default_factory=dict)
    steps: Mapping[str, Step] = field(default_factory=dict)
    validate: Mapping[str, str] = field(default_factory=dict)
    before_restart: str = ""
    leave: str = ""
    healthy: Health | None = None
    confirm: bool = False
    proof: Proof | None = None


class Service(pulumi.CustomResource):
    """The declared state of one service on one host; its ID is `<host>/<service>`."""

    def __init__(self, host: str, service: str, state: ServiceState, opts: pulumi.ResourceOptions) -> None:
        super().__init__(
            "onprem:index:Service", f"{host}/{service}", service_inputs(host, service, state), _options(host, opts)
        )


class Host(pulumi.CustomResource):
    """A machine that meets its requirements; its ID is `<host>`."""

    def __init__(
        self, host: str, requirements: Mapping[str, Any], packages: Sequence[str], opts: pulumi.ResourceOptions
    ) -> None:
        inputs = {"host": host, "requirements": dict(requirements), "packages": list(packages)}
        super().__init__("onprem:index:Host", host, inputs, _options(host, opts))
        if host in _offline():
            pulumi.log.warn(f"{host}: ONPREM_OFFLINE names it; what was declared last stands", self)


def _options(host: str, opts: pulumi.ResourceOptions) -> pulumi.ResourceOptions:
    opts = pulumi.ResourceOptions.merge(opts, IMPORTED)
    return pulumi.ResourceOptions.merge(opts, UNTOUCHED) if host in _offline() else opts


def _offline() -> set[str]:
    return {name.strip() for name in os.environ.get("ONPREM_OFFLINE", "").split(",")}


def service_inputs(host: str, service: str, state: ServiceState) -> dict[str, Any]:
    """The wire form of `state`: plain maps, nothing for what is empty, every secret marked."""
    inputs = {name: value for name, value in plain(state).items() if value not in ({}, "", None, False)}
    if state.secrets:
        inputs["secrets"] = {name: pulumi.Output.secret(value) for name, value in state.secrets.items()}
    return {"host": host, "service": service, **inputs}


def plain(state: ServiceState) -> dict[str, Any]:
    """Dataclasses as dictionaries; computed data is passed on untouched (asdict would copy it)."""
    computed = {"values": dict(state.values), "secrets": dict(state.secrets)}
    return {name: computed.get(name, _plain(getattr(state, name))) for name in ServiceState.__dataclass_fields__}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if hasattr(value, "__dataclass_fields__"):
        return {key: list(item) if isinstance(item, tuple) else item for key, item in asdict(value).items()}
    return value
