"""RabbitMQ: queues between the IM server and integrations. ejabberd itself does not need it."""

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import AfterValidator, Field

from components.component import Component
from components.model import Settings, Size
from components.network.flows import Flow
from components.plan import Endpoint, HostPlan
from components.resources import Directory, File, Health, ServiceState, Step, Unit
from components.text import render

if TYPE_CHECKING:
    from components.settings import DeploymentSettings

PORT = 5671
DISTRIBUTION_PORT = 25672
ENDPOINT = Endpoint("127.0.0.1", 5672)
"""Where a consumer finds a live member: on its own loopback, in clear; `haproxy-local` adds the TLS."""
VHOST = "im"
USER = "im"
PASSWORD = "rabbitmq_password"  # noqa: S105 - the name of a secret

CONFIG = "/etc/rabbitmq/rabbitmq.conf"
ENVIRONMENT = "/etc/rabbitmq/rabbitmq-env.conf"
PLUGINS = "/etc/rabbitmq/enabled_plugins"
DISTRIBUTION = "/etc/rabbitmq/distribution.config"
DEFINITIONS = "/etc/rabbitmq/im.json"
USER_PASSWORD = "/etc/rabbitmq/im.password"  # noqa: S105 - a path
DATA = "/var/lib/rabbitmq"
COOKIE = f"{DATA}/.erlang.cookie"
DROP_IN = "/etc/systemd/system/rabbitmq-server.service.d/im.conf"
PORT_MAPPER = ("/etc/systemd/system/epmd.socket", "/etc/systemd/system/epmd.service")
TLS = "/etc/rabbitmq/tls"
CA, CERTIFICATE, KEY = f"{TLS}/ca.pem", f"{TLS}/certificate.pem", f"{TLS}/key.pem"
ORDER = "/usr/local/lib/im/rabbitmq-order"
MEMBER = "/usr/local/lib/im/rabbitmq-member"
ACCEPTED = f"{DATA}/im-accepted"
"""Tells that a member's first deployment has succeeded."""


def queue_names(queues: dict[str, "QueueSettings"]) -> dict[str, "QueueSettings"]:
    """Names that RabbitMQ does not keep for itself."""
    for name in queues:
        if not name or name.startswith("amq.") or len(name) > 200 or not name.isprintable():
            raise ValueError(f"{name!r} is no name for a queue; use letters, digits, dots and hyphens, not amq.…")
    return queues


def a_user(text: str) -> str:
    """A name that needs no quotes anywhere; `guest` has a password that everybody knows."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", text) or text in ("guest", USER):
        raise ValueError(f"{text} cannot stay as a user; name others by letters, digits, dot, underscore and hyphen")
    return text


class QueueSettings(Settings):
    """One quorum queue."""

    max_length: int = Field(100_000, ge=1, description="messages it holds; more are refused, so publishers notice")
    consumers: int = Field(2, ge=1, le=100, description="consumers of the IM server, per IM host")


class RabbitMQSettings(Settings):
    """Queues and memory."""

    sizes: ClassVar[Mapping[Size, Mapping[str, Any]]] = {
        "small": {"memory_megabytes": 256},
        "medium": {"memory_megabytes": 2_048},
        "large": {"memory_megabytes": 8_192},
    }

    queues: Annotated[dict[str, QueueSettings], AfterValidator(queue_names)] = Field(
        default_factory=lambda: {"events": QueueSettings()}, description="the queues by name"
    )
    memory_megabytes: int = Field(256, ge=128, description="publishers wait when RabbitMQ uses more")
    free_disk_megabytes: int = Field(512, ge=64, description="publishers wait when the disk has less room")
    delivery_limit: int = Field(20, ge=1, description="a message that was returned so often is dropped")
    host_names: bool = Field(
        False, description="members are called by their hosts' names, as those that exist already; else by address"
    )
    other_users: tuple[Annotated[str, AfterValidator(a_user)], ...] = Field(
        (), description="users of other applications, which stay; all others that nobody declared are removed"
    )
    tick_seconds: int = Field(15, ge=5, le=120, description="a silent member counts as lost after about so long")


class RabbitMQ(Component):
    """One member on each queue host, and on the witness: a quorum queue needs a majority of real replicas."""

    name = "rabbitmq"
    roles = ("queue", "witness")
    holds_data = True
    needs_restore_test = True
    majority_port = DISTRIBUTION_PORT
    passwords = (PASSWORD, "rabbitmq_cookie")

    def service(self, host: HostPlan) -> ServiceState:
        """One member. It joins the others by itself when it starts empty."""
        leaf, settings = self.plan.certificates.leaf(host, self.name), self.plan.settings
        others = tuple(member for member in self.plan.hosts_of(*self.roles) if member != host)
        return ServiceState(
            packages={"rabbitmq-server": ""},
            directories={
                TLS: Directory(mode="0750", group="rabbitmq"),
                DATA: Directory(owner="rabbitmq", group="rabbitmq"),
            },
            files=files(settings, host, others),
            values={"ca": self.plan.certificates.ca, "certificate": leaf.certificate},
            secrets={
                "key": leaf.key,
                "password": self.plan.passwords.password(PASSWORD),
                "cookie": self.plan.passwords.password("rabbitmq_cookie"),
            },
            # Erlang reads a renewed certificate again after two minutes. A CA it keeps, while a connection uses it.
            units={
                "rabbitmq-server.service": Unit(
                    restart_on=(CONFIG, ENVIRONMENT, PLUGINS, DISTRIBUTION, COOKIE, CA, DROP_IN)
                )
            },
            steps={**membership(others), **steps(settings)},
            before_restart=f"{MEMBER} drain" if others else "",
            leave=f"{MEMBER} leave" if others else "",
            healthy=Health(command=f"{ORDER} healthy {PORT}", seconds=120),
        )

    @classmethod
    def flows(cls, settings: "DeploymentSettings") -> tuple[Flow, ...]:
        """Consumers, and the members among themselves."""
        return (
            Flow("rabbitmq", ("im",), cls.roles, (PORT,)),
            Flow("rabbitmq members", cls.roles, cls.roles, (DISTRIBUTION_PORT,)),
        )


def files(settings: "DeploymentSettings", host: HostPlan, others: tuple[HostPlan, ...]) -> dict[str, File]:
    """All that RabbitMQ reads. The empty units keep Erlang's port mapper from starting: the port is fixed instead."""
    names: dict[str, Any] = {
        "host": host,
        "long_names": "false" if settings.rabbitmq.host_names else "true",
        "own_name": member_name(settings, host),
        "others": [member_name(settings, other) for other in others],
        "first": member_name(settings, next(iter(settings.hosts_of(*RabbitMQ.roles)))),
        "settings": settings.rabbitmq,
        "port": PORT,
        "distribution_port": DISTRIBUTION_PORT,
        "distribution": DISTRIBUTION,
        "ca": CA,
        "certificate": CERTIFICATE,
        "key": KEY,
    }
    return {
        **{path: File(content="", early=True) for path in PORT_MAPPER},
        CONFIG: File(content=render("rabbitmq/rabbitmq.conf.j2", **names)),
        ENVIRONMENT: File(content=render("rabbitmq/rabbitmq-env.conf.j2", **names)),
        PLUGINS: File(content="[].\n"),
        DISTRIBUTION: File(content=render("rabbitmq/distribution.config.j2", **names)),
        DROP_IN: File(content=render("rabbitmq/rabbitmq-server.service.conf.j2", member=MEMBER, **names)),
        DEFINITIONS: File(content=json.dumps(definitions(settings.rabbitmq), indent=2) + "\n"),
        ORDER: File(content=render("rabbitmq/rabbitmq_order.py"), mode="0755"),
        MEMBER: File(content=render("rabbitmq/rabbitmq-member.sh"), mode="0755"),
        USER_PASSWORD: File(content="${secret:password}\n", mode="0600"),
        COOKIE: File(content="${secret:cookie}", mode="0400", owner="rabbitmq", group="rabbitmq"),
        CA: File(content="${value:ca}\n"),
        CERTIFICATE: File(content="${value:certificate}\n"),
        KEY: File(content="${secret:key}\n", mode="0600", owner="rabbitmq", group="rabbitmq"),
    }


def member_name(settings: "DeploymentSettings", host: HostPlan) -> str:
    """What stands behind the @ of a member. Its data is under this name."""
    return host.name if settings.rabbitmq.host_names else host.address


def definitions(settings: RabbitMQSettings) -> dict[str, Any]:
    """Permissions, limits and queues, as RabbitMQ imports them."""
    policy = {"delivery-limit": settings.delivery_limit}
    return {
        "permissions": [{"user": USER, "vhost": VHOST, "configure": ".*", "write": ".*", "read": ".*"}],
        "policies": [
            {
                "vhost": VHOST,
                "name": "limits",
                "pattern": ".*",
                "apply-to": "queues",
                "definition": policy,
                "priority": 0,
            }
        ],
        "queues": [queue(name, settings.queues[name]) for name in sorted(settings.queues)],
    }


def queue(name: str, settings: QueueSettings) -> dict[str, Any]:
    """A quorum queue that refuses what it cannot hold."""
    arguments = {
        "x-queue-type": "quorum",
        "x-max-length": settings.max_length,
        "x-overflow": "reject-publish",
    }
    return {"name": name, "vhost": VHOST, "durable": True, "auto_delete": False, "arguments": arguments}


def lines(settings: RabbitMQSettings) -> list[str]:
    """As `rabbitmq-order show` prints them on the host."""
    declared = definitions(settings)
    return [
        f"vhost {VHOST}: quorum",
        f"user {USER}: login works",
        *(f"permissions: {json.dumps(permission, sort_keys=True)}" for permission in declared["permissions"]),
        *(f"policy: {json.dumps(policy, sort_keys=True)}" for policy in declared["policies"]),
        *(f"queue: {json.dumps(queue, sort_keys=True)}" for queue in declared["queues"]),
    ]


def steps(settings: "DeploymentSettings") -> dict[str, Step]:
    """The user and what it may use. Users that nobody declared, guest above all, are removed."""
    others = "".join(f" {user}" for user in settings.rabbitmq.other_users)
    want = "\n".join(lines(settings.rabbitmq))
    return {"definitions": Step(read=f"{ORDER} show{others}", want=want, act=f"{ORDER} apply{others}")}


def membership(others: tuple[HostPlan, ...]) -> dict[str, Step]:
    """Only where there are other members: let in before the start, replicas of every queue afterwards.

    Until all of that has succeeded, a member that is stopped leaves again.
    """
    if not others:
        return {}
    return {
        "membership": Step(read=f"{MEMBER} state", want="member", act=f"{MEMBER} admit", when="before_start"),
        "no member that is gone": Step(read=f"{MEMBER} strangers", want="none", act=f"{MEMBER} forget"),
        "replicas": Step(read=f"{MEMBER} replicas", want="a replica of every queue", act=f"{MEMBER} grow"),
        "accepted": Step(
            read=f"[ -e {ACCEPTED} ] && echo accepted || echo new",
            want="accepted",
            act=f"touch {ACCEPTED}",
            after=("definitions", "replicas"),
        ),
    }
