"""Redis: the cache of the IM server's packages and integrations. ejabberd itself does not need it.

Several members copy the primary, and Sentinel chooses it. With three or more, a primary without any replica takes no
writes, so that what a cut-off primary takes is not lost afterwards. With two that rule would stop all writes as soon as
either host fails; a cache had better go on, so there it does not hold.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from components.component import Component
from components.model import Settings, Size
from components.network.flows import Flow
from components.plan import Endpoint, HostPlan, Role
from components.resources import Directory, File, Health, ServiceState, Unit
from components.text import render

if TYPE_CHECKING:
    from components.settings import DeploymentSettings

PORT = 6379
ENDPOINT = Endpoint("127.0.0.1", PORT)
"""Where a consumer finds the primary: on its own loopback, in clear; `haproxy-local` adds the TLS."""
PASSWORD = "redis_password"  # noqa: S105 - the name of a secret

PRIMARY = "im"
"""What Sentinel calls the primary and its replicas."""
SENTINEL_PORT = 26379
SENTINEL_PASSWORD = "sentinel_password"  # noqa: S105 - the name of a secret

CONFIG = "/etc/redis/im.conf"
CONFIG_PASSWORD = "/etc/redis/im-password.conf"  # noqa: S105 - a path
DROP_IN = "/etc/systemd/system/redis-server.service.d/im.conf"
ASK = "/usr/local/lib/im/redis-ask"
MEMBER = "/usr/local/lib/im/redis-member"
ASK_SENTINEL = "/etc/redis/im-sentinel-password"
ROLE = "/run/redis/role.conf"
"""Whose replica a member is: written before each start, rewritten by Redis."""
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
    passwords = (PASSWORD, SENTINEL_PASSWORD)

    def service(self, host: HostPlan) -> ServiceState:
        """One member. It never rewrites the files declared here; they are read last, so they win."""
        leaf, settings = self.plan.certificates.leaf(host, self.name), self.plan.settings
        replicated, password = is_replicated(settings), self.plan.passwords.password
        return ServiceState(
            packages={"redis-server": ""},
            directories={
                TLS: Directory(mode="0750", group="redis"),
                DATA: Directory(mode="0750", owner="redis", group="redis"),
            },
            files={
                **files(settings, host),
                CA: File(content="${value:ca}\n"),
                CERTIFICATE: File(content="${value:certificate}\n"),
                KEY: File(content="${secret:key}\n", mode="0600", owner="redis", group="redis"),
            },
            values={"ca": self.plan.certificates.ca, "certificate": leaf.certificate},
            secrets={
                "key": leaf.key,
                "password": password(PASSWORD),
                **({"sentinel": password(SENTINEL_PASSWORD)} if replicated else {}),
            },
            units={
                "redis-server.service": Unit(restart_on=(CONFIG, CONFIG_PASSWORD, DROP_IN, CA, CERTIFICATE, KEY)),
            },
            before_restart=f"{MEMBER} hand-over" if replicated else "",
            leave=f"{MEMBER} hand-over" if replicated else "",
            healthy=Health(command=f"{MEMBER} healthy" if replicated else f"{ASK} PING | grep -x PONG", seconds=60),
        )

    @classmethod
    def flows(cls, settings: "DeploymentSettings") -> tuple[Flow, ...]:
        """Consumers, the members that copy from each other, and the Sentinels."""
        witness: tuple[Role, ...] = ("witness",) if is_replicated(settings) else ()
        return (Flow("redis", ("im", "cache", *witness), ("cache",), (PORT,)),)


def is_replicated(settings: "DeploymentSettings") -> bool:
    """Whether there are several members, and so Sentinels."""
    return len(settings.members_of("cache")) > 1


def files(settings: "DeploymentSettings", host: HostPlan) -> dict[str, File]:
    """The configuration, how it is started, and the programs that ask it."""
    members, replicated = settings.hosts_of(*Redis.roles), is_replicated(settings)
    names: dict[str, Any] = {
        "host": host,
        "settings": settings.redis,
        "port": PORT,
        "tls": TLS,
        "ca": CA,
        "password_file": CONFIG_PASSWORD,
        "configuration": CONFIG,
        "others": [member for member in members if member != host],
        "least_replicas": 1 if len(members) > 2 else 0,
        "start": ROLE if replicated else "/etc/redis/redis.conf",
        "member": MEMBER,
        "ask": ASK,
        "role_file": ROLE,
        "primary": PRIMARY,
        "first": members[0],
        "sentinels": [voter.address for voter in settings.hosts_of("cache", "witness")],
        "sentinel_port": SENTINEL_PORT,
        "sentinel_password": ASK_SENTINEL,
    }
    sentinel = {
        MEMBER: File(content=render("redis/redis-member.sh.j2", **names), mode="0755"),
        ASK_SENTINEL: File(content="${secret:sentinel}\n", mode="0600"),
    }
    return {
        CONFIG: File(content=render("redis/im.conf.j2", **names)),
        CONFIG_PASSWORD: File(content=render("redis/im-password.conf.j2"), mode="0600", owner="redis", group="redis"),
        DROP_IN: File(content=render("redis/redis-server.service.conf.j2", **names)),
        ASK: File(content=render("redis/redis-ask.sh.j2", **names), mode="0755"),
        **(sentinel if replicated else {}),
    }
