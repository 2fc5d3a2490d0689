"""The settings of a deployment: those of all components, read from the stack file and checked all at once."""

import functools
import re
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address
from typing import Annotated, Any, Literal, get_args

import pydantic
from pydantic import AfterValidator, Field

from components.data_stores.etcd import EtcdSettings
from components.data_stores.postgresql_settings import PostgreSQLSettings
from components.data_stores.rabbitmq_settings import RabbitMQSettings
from components.data_stores.redis import RedisSettings
from components.data_stores.sentinel import SentinelSettings
from components.im.ejabberd import EjabberdSettings
from components.im.package import PackageSettings
from components.im.uploads import UploadsSettings
from components.keep import an_item
from components.load_balancers.haproxy import HAProxySettings
from components.load_balancers.haproxy_local import HAProxyLocalSettings
from components.load_balancers.keepalived import KeepalivedSettings
from components.model import Settings, Size
from components.network.certificates import CertificatesSettings
from components.network.firewall import FirewallSettings
from components.operations.backups import BackupsSettings
from components.operations.bacula import BaculaSettings
from components.operations.pgbackrest import PgBackRestSettings
from components.operations.restic import ResticSettings
from components.operations.restic_server import ResticServerSettings
from components.operations.restore import RestoreSettings
from components.plan import HostPlan, Role
from components.restore_gate import OverrideSettings
from components.servers.administrators import AdministratorsSettings
from components.servers.reader import ReaderSettings
from components.servers.server import Requirements
from components.servers.ssh import SSHSettings
from components.servers.system import SystemSettings
from components.servers.time import TimeSettings

LABEL = r"(?!-)[a-z0-9-]{1,63}(?<!-)"


def a_domain(text: str) -> str:
    """A domain as in RFC 1123, in lower case, of two labels or more."""
    if len(text) > 253 or not re.fullmatch(rf"({LABEL}\.)+(?!\d+$){LABEL}", text):
        raise ValueError(f"{text} is no domain; write a full name in lower case, for example chat.example.org")
    return text


def a_host_name(text: str) -> str:
    """One label: it becomes part of resource names and of /etc/hosts."""
    if not re.fullmatch(LABEL, text):
        raise ValueError(f"{text} is no host name; use lower-case letters, digits and hyphens, for example db1")
    return text


class HostSettings(Settings):
    """How a host is reached. The provider reads these too."""

    address: IPv4Address = Field(description="the IPv4 address, for ssh and for the other hosts")
    address6: IPv6Address | None = Field(None, description="the IPv6 address, if the host has one")
    user: str = Field("root", description="who logs in: root, or an account with sudo that asks no password")
    port: int = Field(22, ge=1, le=65535, description="the port of sshd")


class IMSettings(Settings):
    """Which IM server it is, and limits that hold for each."""

    kind: Literal["ejabberd", "package"] = Field(
        "ejabberd", description="ejabberd: Debian's package; package: a vendor's tarball, described under im:package"
    )
    max_upload_megabytes: int = Field(50, ge=1, le=2_048, description="the largest file that a client may upload")


class DeploymentSettings(Settings):
    """Everything a stack file says, one field per component after the first ones."""

    domain: Annotated[str, AfterValidator(a_domain)] = Field(description="the domain of the accounts")
    hosts: dict[Annotated[str, AfterValidator(a_host_name)], HostSettings] = Field(
        min_length=1, description="the hosts by name, each with its address"
    )
    roles: dict[Role, tuple[str, ...]] = Field(description="the host names of each role")
    leaving: dict[Role, tuple[str, ...]] = Field(
        default_factory=dict, description="hosts that are about to lose a role, by role; they leave its clusters"
    )
    administrators: AdministratorsSettings = Field(description="who may log in, and from which networks")
    size: Size = Field("small", description="a named size; it sets connections, pools and memory")
    protect: bool = Field(False, description="refuse to delete what holds data, or to keep it on one host only")

    require_restore_test: Annotated[str, Field(pattern=r"^[1-9][0-9]{0,3}[dh]$")] | None = Field(
        None, description="change data stores only while the newest good restore test is no older, for example 7d"
    )
    restore_test_override: OverrideSettings | None = Field(
        None, description="change data stores without a recent restore test, for a reason, up to a day"
    )
    keep: dict[str, dict[str, tuple[Annotated[str, AfterValidator(an_item)], ...]]] = Field(
        default_factory=dict,
        description="by host and service, what stays as it is there for now: all, or things such as file /etc/motd",
    )
    requirements: Requirements = Field(default_factory=Requirements, description="what every host must have")
    system: SystemSettings = Field(default_factory=SystemSettings, description="journal, kernel settings and limits")
    time: TimeSettings = Field(default_factory=TimeSettings, description="time synchronisation")
    ssh: SSHSettings = Field(default_factory=SSHSettings, description="sshd")
    reader: ReaderSettings = Field(default_factory=ReaderSettings, description="the login that only reads")
    firewall: FirewallSettings = Field(default_factory=FirewallSettings, description="nftables")
    certificates: CertificatesSettings = Field(
        default_factory=CertificatesSettings, description="the internal CA, and the certificate of the domain"
    )
    etcd: EtcdSettings = Field(default_factory=EtcdSettings, description="the votes behind PostgreSQL")
    postgresql: PostgreSQLSettings = Field(default_factory=PostgreSQLSettings, description="the durable store")
    rabbitmq: RabbitMQSettings = Field(default_factory=RabbitMQSettings, description="queues and their consumers")
    redis: RedisSettings = Field(default_factory=RedisSettings, description="the cache")
    sentinel: SentinelSettings = Field(
        default_factory=SentinelSettings, description="who chooses the primary of several cache hosts"
    )
    haproxy_local: HAProxyLocalSettings = Field(
        default_factory=HAProxyLocalSettings, description="the way from the IM servers to their data stores"
    )
    im: IMSettings = Field(default_factory=IMSettings, description="the IM server")
    ejabberd: EjabberdSettings = Field(default_factory=EjabberdSettings, description="limits of ejabberd")
    uploads: UploadsSettings = Field(default_factory=UploadsSettings, description="copies of uploaded files")
    package: PackageSettings | None = Field(None, description="the vendor's tarball, when im.kind is package")
    haproxy: HAProxySettings = Field(default_factory=HAProxySettings, description="the entry point for clients")
    keepalived: KeepalivedSettings = Field(
        default_factory=KeepalivedSettings, description="the address that several load balancers share"
    )
    backups: BackupsSettings = Field(default_factory=BackupsSettings, description="whether there are backups")
    pgbackrest: PgBackRestSettings = Field(
        default_factory=PgBackRestSettings, description="backups of PostgreSQL and of its log"
    )
    restic: ResticSettings = Field(default_factory=ResticSettings, description="copies of files, and what goes offsite")
    restic_server: ResticServerSettings = Field(
        default_factory=ResticServerSettings, description="where copies of files lie"
    )
    restore: RestoreSettings = Field(default_factory=RestoreSettings, description="tests of restores")
    bacula: BaculaSettings = Field(default_factory=BaculaSettings, description="clients of the site's own Bacula")

    @pydantic.model_validator(mode="before")
    @classmethod
    def _size_gives_defaults(cls, given: dict[str, Any]) -> dict[str, Any]:
        size = given.get("size", "small")
        if size not in get_args(Size):
            return given
        return {**given, **{name: merged for name in cls.model_fields if (merged := cls._sized(name, size, given))}}

    @classmethod
    def _sized(cls, name: str, size: Size, given: Mapping[str, Any]) -> dict[str, Any] | None:
        kind, own = cls.model_fields[name].annotation, given.get(name, {})
        if not isinstance(kind, type) or not issubclass(kind, Settings) or not isinstance(own, Mapping):
            return None
        defaults = kind.sizes.get(size, {})
        return {**defaults, **own} if defaults else None

    @functools.cached_property
    def plans(self) -> tuple[HostPlan, ...]:
        """All hosts, by name."""
        return tuple(self._plan(name) for name in sorted(self.hosts))

    def _plan(self, name: str) -> HostPlan:
        host = self.hosts[name]
        roles = frozenset(role for role, names in self.roles.items() if name in names)
        return HostPlan(name, str(host.address), str(host.address6 or ""), roles)

    def members_of(self, role: Role) -> tuple[str, ...]:
        """The names of the hosts that have `role` and keep it."""
        return tuple(name for name in self.roles.get(role, ()) if name not in self.leaving.get(role, ()))

    def hosts_of(self, *roles: Role, leaving: bool = False) -> tuple[HostPlan, ...]:
        """The hosts that have any of `roles`, in the order in which the stack file lists them under these roles.

        With `leaving` also those that are about to lose it.
        """
        named = (self.roles.get(role, ()) if leaving else self.members_of(role) for role in roles)
        names = dict.fromkeys(name for each in named for name in each)
        plans = {plan.name: plan for plan in self.plans}
        return tuple(plans[name] for name in names)
