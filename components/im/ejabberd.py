"""ejabberd: the IM server. Durable data is in PostgreSQL, sessions are in the memory of its own cluster."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from components.component import Component
from components.data_stores.databases import IM_DATABASE
from components.im.ejabberd_files import (
    CA,
    CHECK_CONFIG,
    CONFIG,
    COOKIE,
    DATA,
    DEFAULT,
    DISTRIBUTION,
    DISTRIBUTION_PORT,
    DOMAIN_CERTIFICATE,
    HOST_CERTIFICATE,
    MEMBER,
    MODULES,
    OWN_MODULES,
    REPLICAS,
    SECRETS,
    TLS,
    UNIT,
    UPLOADS,
    VM_ARGS,
    WATCH,
    WATCH_UNIT,
    files,
    peers,
)
from components.im.ejabberd_steps import steps
from components.model import Settings, Size
from components.network.flows import Flow
from components.plan import HostPlan
from components.resources import Directory, Health, ServiceState, Unit

if TYPE_CHECKING:
    from components.settings import DeploymentSettings

COOKIE_PASSWORD = "ejabberd_cookie_password"  # noqa: S105 - the name of a secret


class EjabberdSettings(Settings):
    """Limits of the IM server."""

    sizes: ClassVar[Mapping[Size, Mapping[str, Any]]] = {
        "small": {"database_connections": 5, "open_files": 10_000, "processes": 100_000},
        "medium": {"database_connections": 10, "open_files": 65_536, "processes": 500_000},
        "large": {"database_connections": 20, "open_files": 262_144, "processes": 2_000_000},
    }

    database_connections: int = Field(5, ge=1, le=200, description="connections to PostgreSQL, per IM host")
    open_files: int = Field(10_000, ge=1_024, le=1_000_000, description="open files, one for each client and more")
    processes: int = Field(100_000, ge=10_000, le=10_000_000, description="Erlang processes, about ten for each client")
    bytes_per_second: int = Field(50_000, ge=1_000, description="what one client may send, on average")
    max_stanza_kilobytes: int = Field(256, ge=64, le=10_240, description="the largest stanza of a client")
    max_user_sessions: int = Field(10, ge=1, le=100, description="devices of one account that are connected at once")
    max_offline_messages: int = Field(5_000, ge=100, description="messages kept for an account that is offline")
    upload_quota_megabytes: int = Field(1_000, ge=1, description="uploaded files kept for one account; older ones go")
    tick_seconds: int = Field(4, ge=4, le=60, description="a silent IM host counts as lost after about so long")


class Ejabberd(Component):
    """Debian's ejabberd on every IM host."""

    name = "ejabberd"
    roles = ("im",)
    holds_data = True
    passwords = (COOKIE_PASSWORD,)

    @classmethod
    def is_chosen(cls, settings: "DeploymentSettings") -> bool:
        """The default."""
        return settings.im.kind == "ejabberd"

    def service(self, host: HostPlan) -> ServiceState:
        """One member of the cluster."""
        certificates = self.plan.certificates
        domain, own = certificates.domain(), certificates.leaf(host, self.name)
        return ServiceState(
            packages={"ejabberd": "", "erlang-p1-pgsql": "", "postgresql-client-15": ""},
            directories={
                TLS: Directory(mode="0750", group="ejabberd"),
                MODULES: Directory(),
                DATA: Directory(mode="0700", owner="ejabberd", group="ejabberd"),
                UPLOADS: Directory(mode="0700", owner="ejabberd", group="ejabberd"),
                REPLICAS: Directory(mode="0700", owner="ejabberd", group="ejabberd"),
            },
            files=files(self.plan.settings, host),
            values={
                "domain_certificate": domain.certificate,
                "host_certificate": own.certificate,
                "ca": certificates.ca,
            },
            secrets={
                "domain_key": domain.key,
                "host_key": own.key,
                "sql_password": self.plan.passwords.password(IM_DATABASE.password),
                "cookie": self.plan.passwords.password(COOKIE_PASSWORD),
            },
            units={"ejabberd.service": unit(), **watcher(self.plan.settings, host), **no_port_mapper(host)},
            steps=steps(self.plan.settings, host),
            validate={CONFIG: f"{CHECK_CONFIG} {{staged}}"},
            healthy=Health(command=f"{MEMBER} check", seconds=90),
            before_restart=f"{MEMBER} drain" if peers(self.plan.settings, host) else "",
            leave=f"{MEMBER} leave" if peers(self.plan.settings, host) else "",
        )

    @classmethod
    def flows(cls, settings: "DeploymentSettings") -> tuple[Flow, ...]:
        """The members speak to each other; how clients get here is the load balancer's flow."""
        return (Flow("ejabberd", ("im",), ("im",), (DISTRIBUTION_PORT,)),)


def drains(settings: "DeploymentSettings") -> bool:
    """Whether clients can go to another member before one restarts."""
    return Ejabberd.is_chosen(settings) and len(settings.hosts_of("im")) > 1


def unit() -> Unit:
    """What a running ejabberd reads again, and what it only reads when it starts."""
    return Unit(
        reload_on=(CONFIG, DOMAIN_CERTIFICATE, HOST_CERTIFICATE),
        restart_on=(SECRETS, DEFAULT, VM_ARGS, DISTRIBUTION, UNIT, COOKIE, CA, *OWN_MODULES),
    )


def watcher(settings: "DeploymentSettings", host: HostPlan) -> dict[str, Unit]:
    """Brings members together again that ran apart, where there are several."""
    return {WATCH: Unit(reload_on=(MEMBER,), restart_on=(WATCH_UNIT,))} if peers(settings, host) else {}


def no_port_mapper(host: HostPlan) -> dict[str, Unit]:
    """Erlang's port mapper stays off, unless RabbitMQ, which needs it, is on the same host."""
    if "queue" in host.roles or "witness" in host.roles:
        return {}
    off = Unit(running=False, enabled=False)
    return {"epmd.service": off, "epmd.socket": off}
