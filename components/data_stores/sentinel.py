"""Sentinel: watches several Redis members and makes a replica the primary when the primary is silent.

Sentinel keeps what it learns, the primary above all, in the file that it was started with. That file is not declared:
a program writes it anew before each start, from the declared settings and from what Sentinel had learned.
"""

from typing import TYPE_CHECKING

from pydantic import Field

from components.component import Component
from components.data_stores import redis
from components.model import Settings
from components.network.flows import Flow
from components.plan import HostPlan
from components.resources import Directory, File, Health, ServiceState, Step, Unit
from components.text import render

if TYPE_CHECKING:
    from components.settings import DeploymentSettings

PORT = redis.SENTINEL_PORT
CONFIG = "/etc/redis/im-sentinel.conf"
PASSWORDS = "/etc/redis/im-sentinel-passwords.conf"  # noqa: S105 - a path
LIVE = "/var/lib/redis/sentinel.conf"
DROP_IN = "/etc/systemd/system/redis-sentinel.service.d/im.conf"
WATCHER = "/usr/local/lib/im/sentinel"
TLS = "/etc/redis/sentinel-tls"
CA, CERTIFICATE, KEY = f"{TLS}/ca.pem", f"{TLS}/certificate.pem", f"{TLS}/key.pem"


class SentinelSettings(Settings):
    """When a primary counts as lost."""

    silent_seconds: int = Field(5, ge=1, le=60, description="a primary that is silent so long loses its place")
    failover_seconds: int = Field(30, ge=10, le=600, description="a failover that takes longer is begun again")


class Sentinel(Component):
    """One vote on each cache host and on the witness, where there are several cache hosts."""

    name = "sentinel"
    roles = ("cache", "witness")
    majority_port = PORT
    passwords = (redis.PASSWORD, redis.SENTINEL_PASSWORD)

    @classmethod
    def is_chosen(cls, settings: "DeploymentSettings") -> bool:
        """Where there is a replica to choose."""
        return redis.is_replicated(settings)

    def service(self, host: HostPlan) -> ServiceState:
        """One vote."""
        leaf, settings = self.plan.certificates.leaf(host, self.name), self.plan.settings
        return ServiceState(
            packages={"redis-sentinel": ""},
            directories={TLS: Directory(mode="0750", group="redis")},
            files={
                CONFIG: File(content=config(settings, host)),
                PASSWORDS: File(content=render("sentinel/passwords.conf.j2"), mode="0600"),
                DROP_IN: File(content=render("sentinel/redis-sentinel.service.conf.j2", live=LIVE, watcher=WATCHER)),
                WATCHER: File(content=watcher(settings, host), mode="0755"),
                CA: File(content="${value:ca}\n"),
                CERTIFICATE: File(content="${value:certificate}\n"),
                KEY: File(content="${secret:key}\n", mode="0600", owner="redis", group="redis"),
            },
            values={"ca": self.plan.certificates.ca, "certificate": leaf.certificate},
            secrets={
                "key": leaf.key,
                "redis": self.plan.passwords.password(redis.PASSWORD),
                "sentinel": self.plan.passwords.password(redis.SENTINEL_PASSWORD),
            },
            units={
                "redis-sentinel.service": Unit(
                    restart_on=(CONFIG, PASSWORDS, DROP_IN, WATCHER, CA, CERTIFICATE, KEY),
                )
            },
            steps={"no member that is gone": Step(read=f"{WATCHER} strangers", want="none", act=f"{WATCHER} forget")},
            healthy=Health(command=f"{WATCHER} healthy", seconds=30),
        )

    @classmethod
    def flows(cls, settings: "DeploymentSettings") -> tuple[Flow, ...]:
        """Votes among themselves, and the cache hosts ask who is primary. How they reach Redis is Redis's flow."""
        return (Flow("sentinel", cls.roles, cls.roles, (PORT,)),)


def config(settings: "DeploymentSettings", host: HostPlan) -> str:
    """What is declared of the configuration; the rest is learned."""
    return render(
        "sentinel/sentinel.conf.j2", host=host, port=PORT, tls=TLS, settings=settings.sentinel, primary=redis.PRIMARY
    )


def watcher(settings: "DeploymentSettings", host: HostPlan) -> str:
    """The program that writes Sentinel's own file and tells whether it watches."""
    voters, caches = settings.hosts_of(*Sentinel.roles), redis.Redis.roles
    return render(
        "sentinel/sentinel.sh.j2",
        host=host,
        ca=CA,
        config=CONFIG,
        passwords=PASSWORDS,
        live=LIVE,
        port=PORT,
        primary=redis.PRIMARY,
        redis_port=redis.PORT,
        members=[member.address for member in settings.hosts_of(*caches)],
        holders=[member.address for member in settings.hosts_of(*caches, leaving=True)],
        voters=[voter.address for voter in voters],
        quorum=len(voters) // 2 + 1,
    )
