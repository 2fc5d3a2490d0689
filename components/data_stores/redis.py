"""Redis: the cache of the IM server's packages and integrations. ejabberd itself does not need it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from components.component import Component
from components.model import Settings, Size
from components.network.flows import Flow
from components.plan import Endpoint, HostPlan
from components.resources import Directory, File, Health, ServiceState, Unit
from components.text import render

if TYPE_CHECKING:
    from components.settings import DeploymentSettings

PORT = 6379
ENDPOINT = Endpoint("127.0.0.1", PORT)
"""Where a consumer finds the primary: on its own loopback, in clear; `haproxy-local` adds the TLS."""
PASSWORD = "redis_password"  # noqa: S105 - the name of a secret

CONFIG = "/etc/redis/im.conf"
CONFIG_PASSWORD = "/etc/redis/im-password.conf"  # noqa: S105 - a path
DROP_IN = "/etc/systemd/system/redis-server.service.d/im.conf"
ASK = "/usr/local/lib/im/redis-ask"
TLS = "/etc/redis/tls"
DATA = "/var/lib/redis"
CA, CERTIFICATE, KEY = f"{TLS}/ca.pem", f"{TLS}/certificate.pem", f"{TLS}/key.pem"

Eviction = Literal["allkeys-lru", "allkeys-lfu", "volatile-lru", "volatile-lfu", "volatile-ttl", "noeviction"]


class RedisSettings(Settings):
    """Memory, and what goes when it is full."""

    sizes: ClassVar[Mapping[Size, Mapping[str, Any]]] = {
        "small": {"memory_megabytes": 64},
        "medium": {"memory_megabytes": 1_024},
        "large": {"memory_megabytes": 4_096},
    }

    memory_megabytes: int = Field(64, ge=16, description="the size of the cache")
    eviction: Eviction = Field("allkeys-lru", description="which keys go when it is full")
    max_connections: int = Field(1_000, ge=10, le=60_000, description="clients at once")


class Redis(Component):
    """One member on each cache host. Nothing is kept on disk: it is a cache."""

    name = "redis"
    roles = ("cache",)
    passwords = (PASSWORD,)

    def service(self, host: HostPlan) -> ServiceState:
        """One member. It never rewrites the files declared here; they are read last, so they win."""
        leaf, settings = self.plan.certificates.leaf(host, self.name), self.plan.settings.redis
        configuration = render(
            "redis/im.conf.j2", host=host, settings=settings, port=PORT, tls=TLS, password_file=CONFIG_PASSWORD
        )
        return ServiceState(
            packages={"redis-server": ""},
            directories={
                TLS: Directory(mode="0750", group="redis"),
                DATA: Directory(mode="0750", owner="redis", group="redis"),
            },
            files={
                CONFIG: File(content=configuration),
                CONFIG_PASSWORD: File(
                    content=render("redis/im-password.conf.j2"), mode="0600", owner="redis", group="redis"
                ),
                DROP_IN: File(content=render("redis/redis-server.service.conf.j2", configuration=CONFIG)),
                ASK: File(content=render("redis/redis-ask.sh.j2", host=host, port=PORT, ca=CA), mode="0755"),
                CA: File(content="${value:ca}\n"),
                CERTIFICATE: File(content="${value:certificate}\n"),
                KEY: File(content="${secret:key}\n", mode="0600", owner="redis", group="redis"),
            },
            values={"ca": self.plan.certificates.ca, "certificate": leaf.certificate},
            secrets={"key": leaf.key, "password": self.plan.passwords.password(PASSWORD)},
            units={
                "redis-server.service": Unit(restart_on=(CONFIG, CONFIG_PASSWORD, DROP_IN, CA, CERTIFICATE, KEY)),
            },
            healthy=Health(command=f"{ASK} PING | grep -x PONG", seconds=30),
        )

    @classmethod
    def flows(cls, settings: "DeploymentSettings") -> tuple[Flow, ...]:
        """Consumers, and the members that copy from each other."""
        return (Flow("redis", ("im", "cache"), ("cache",), (PORT,)),)
