"""The deployment as a list: which components there are and in which order they come. Read this first."""

from typing import Any

import pulumi

from components.component import Component
from components.data_stores.etcd import Etcd
from components.data_stores.postgresql import PostgreSQL
from components.data_stores.rabbitmq import RabbitMQ
from components.data_stores.redis import Redis
from components.data_stores.sentinel import Sentinel
from components.im.ejabberd import Ejabberd
from components.im.package import Package
from components.im.uploads import Uploads
from components.load_balancers.haproxy import HAProxy
from components.load_balancers.haproxy_local import HAProxyLocal
from components.load_balancers.keepalived import Keepalived
from components.network.certificates import Certificates
from components.network.firewall import Firewall
from components.operations.backups import repository
from components.operations.bacula import Bacula
from components.operations.pgbackrest import PgBackRest
from components.operations.restic import Restic
from components.operations.restic_server import ResticServer
from components.operations.restore import Restore
from components.passwords import Passwords
from components.plan import HostPlan, Plan, Role
from components.servers.administrators import Administrators
from components.servers.reader import Reader
from components.servers.server import Servers
from components.servers.ssh import SSH
from components.servers.system import System
from components.servers.time import Time
from components.settings import DeploymentSettings

STAGES: tuple[tuple[type[Component], ...], ...] = (
    (System, Administrators),
    (Time, SSH, Reader),
    (Firewall,),  # before anything listens
    (Etcd, RabbitMQ, Redis),
    (PostgreSQL, Sentinel),
    (HAProxyLocal,),
    (Ejabberd, Package),  # one of them, by its kind
    (Uploads, HAProxy),
    (Keepalived,),
    (ResticServer,),
    (Restic,),  # once all that it saves is there
    (PgBackRest,),  # the repository of a new machine comes from a copy
    (Restore, Bacula),
)
"""Components of one stage come side by side, each stage after the one before it."""

COMPONENTS: tuple[type[Component], ...] = tuple(component for stage in STAGES for component in stage)


RESTORED: tuple[Role, ...] = ("database", "im")
"""Hosts of these roles have data that a restore brings back."""


class Deployment:
    """Everything that a stack has."""

    def __init__(self, settings: DeploymentSettings) -> None:
        chosen = [component for component in COMPONENTS if component.is_chosen(settings)]
        flows = tuple(flow for component in chosen for flow in component.flows(settings))
        self.plan = Plan(settings, Certificates(settings), Passwords(), flows)
        before: list[pulumi.Resource] = [Servers(self.plan, chosen)]
        for stage in STAGES:
            before = [component(self.plan, after=before) for component in stage if component in chosen] or before

    def export(self) -> None:
        """What `scripts/verify` and people need to know of it."""
        for name, value in self.outputs().items():
            pulumi.export(name, value)

    def outputs(self) -> dict[str, Any]:
        """The stack's outputs."""
        settings = self.plan.settings
        return {
            "endpoints": {
                "domain": settings.domain,
                "addresses": self.addresses(),
                "ports": {"web": 443, "starttls": 5222, "tls": 5223},
            },
            "ca": self.plan.certificates.domain_ca(),
            "accounts": self.accounts(),
            **(self.restorable() if Restore.is_chosen(settings) else {}),
        }

    def addresses(self) -> list[str]:
        """Where clients connect: what the name of the domain stands for in DNS."""
        own, hosts = self.plan.settings.keepalived, self.plan.settings.hosts_of("load_balancer")
        shared = [str(address.ip) for address in (own.address, own.address6) if address]
        return shared or [host.address for host in hosts]

    def accounts(self) -> dict[str, Any]:
        """The host on which accounts are made: log in there and run /usr/local/lib/im/account."""
        return self.login(self.plan.hosts_of("im")[0])

    def restorable(self) -> dict[str, Any]:
        """The host that keeps backups and tests restores, and those whose data `scripts/restore` brings back."""
        settings = self.plan.settings
        members = {role: [self.login(host) for host in settings.hosts_of(role)] for role in RESTORED}
        return {"operations": self.login(repository(settings)), "restored": members}

    def login(self, host: HostPlan) -> dict[str, Any]:
        """How `scripts/` reach a host."""
        login = self.plan.settings.hosts[host.name]
        return {"host": host.name, "address": host.address, "user": login.user, "port": login.port}
