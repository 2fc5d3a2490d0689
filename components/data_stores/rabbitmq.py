"""RabbitMQ: queues between the IM server and integrations. ejabberd itself does not need it."""

import json
from typing import TYPE_CHECKING, Any

from components.component import Component
from components.data_stores.rabbitmq_definitions import definitions, lines
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
