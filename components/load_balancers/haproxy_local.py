"""The way from an IM server to its data stores: its own loopback leads to the primary, wherever that is."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from components.component import Component
from components.data_stores import databases, rabbitmq, redis
from components.data_stores.postgresql import PostgreSQL
from components.model import Settings, Size
from components.plan import HostPlan
from components.resources import Directory, File, Health, ServiceState, Unit
from components.text import render

if TYPE_CHECKING:
    from components.settings import DeploymentSettings

CONFIG = "/etc/haproxy-local/haproxy.cfg"
CACHE = "/etc/haproxy-local/redis.cfg"
CA = "/etc/haproxy-local/ca.pem"
UNIT = "/etc/systemd/system/haproxy-local.service"
SOCKET = "/run/haproxy-local/admin.sock"
BACKENDS = "/usr/local/lib/im/haproxy-backends"


class HAProxyLocalSettings(Settings):
    """Limits of the way to the data stores."""

    sizes: ClassVar[Mapping[Size, Mapping[str, Any]]] = {
        "small": {"max_connections": 500},
        "medium": {"max_connections": 2_000},
        "large": {"max_connections": 10_000},
    }

    max_connections: int = Field(500, ge=50, le=100_000, description="connections to all data stores, per IM host")


class HAProxyLocal(Component):
    """A HAProxy of its own on each IM host, beside the public one where both share a host."""

    name = "haproxy-local"
    roles = ("im",)
    passwords = (redis.PASSWORD,)

    def service(self, host: HostPlan) -> ServiceState:
        """Follows Patroni's primary, Redis's master and the live members of RabbitMQ."""
        settings = self.plan.settings
        return ServiceState(
            packages={"haproxy": ""},
            directories={"/etc/haproxy-local": Directory()},
            files={
                CONFIG: File(content=config(settings)),
                CACHE: File(content=cache(settings), mode="0600", owner="haproxy", group="haproxy"),
                CA: File(content="${value:ca}\n", early=True),  # the files under test name it
                UNIT: File(content=render("haproxy-local/haproxy-local.service.j2", config=CONFIG, cache=CACHE)),
                BACKENDS: File(content=render("haproxy-local/haproxy_backends.py"), mode="0755"),
            },
            values={"ca": self.plan.certificates.ca},
            secrets={"redis": self.plan.passwords.password(redis.PASSWORD)},
            units={"haproxy-local.service": Unit(reload_on=(CONFIG, CACHE, CA), restart_on=(UNIT,)), **public(host)},
            validate={CONFIG: "haproxy -c -q -f {staged}", CACHE: "haproxy -c -q -f {staged}"},
            healthy=Health(command=f"{BACKENDS} {SOCKET}", seconds=60),
        )


def public(host: HostPlan) -> dict[str, Unit]:
    """The package brings a public HAProxy, which only load balancers run."""
    return {} if "load_balancer" in host.roles else {"haproxy.service": Unit(running=False, enabled=False)}


def config(settings: "DeploymentSettings") -> str:
    """All but the cache, whose check needs a password. The primary may be on a host that is about to leave."""
    return render(
        "haproxy-local/haproxy.cfg.j2",
        ca=CA,
        socket=SOCKET,
        settings=settings.haproxy_local,
        database=settings.hosts_of(*PostgreSQL.roles, leaving=True),
        queue=settings.hosts_of(*rabbitmq.RabbitMQ.roles, leaving=True),
        postgresql=databases,
        rabbitmq=rabbitmq,
    )


def cache(settings: "DeploymentSettings") -> str:
    """The cache."""
    members = settings.hosts_of(*redis.Redis.roles, leaving=True)
    return render("haproxy-local/redis.cfg.j2", ca=CA, cache=members, redis=redis)
