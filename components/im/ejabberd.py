"""ejabberd: the IM server. Durable data is in PostgreSQL, sessions are in the memory of its own cluster."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from components.component import Component
from components.data_stores.databases import IM_DATABASE
from components.im.server import ACCOUNT, TOOLS, Ports
from components.model import Settings, Size
from components.network.flows import Flow
from components.plan import HostPlan
from components.resources import Directory, File, Health, ServiceState, Step, Unit
from components.text import render

if TYPE_CHECKING:
    from components.settings import DeploymentSettings

CONFIG = "/etc/ejabberd/ejabberd.yml"
SECRETS = "/etc/ejabberd/secrets.yml"
DATABASE_SERVICE = "/etc/ejabberd/pg_service.conf"
DEFAULT = "/etc/default/ejabberd"
VM_ARGS = "/etc/ejabberd/vm.args"
DISTRIBUTION = "/etc/ejabberd/distribution.conf"
UNIT = "/etc/systemd/system/ejabberd.service"
DATA = "/var/lib/ejabberd"
COOKIE = f"{DATA}/.erlang.cookie"
UPLOADS = f"{DATA}/upload"
REPLICAS = f"{DATA}/replicas"
"""Copies of what other IM hosts took, in a folder for each; given out also when no other host is left."""
DRAINING, DRAINING_PATH = f"{REPLICAS}/draining", "/upload/draining"
"""A file, and where the web port serves it: the load balancers see by it that this member is about to restart."""
TLS = "/etc/ejabberd/tls"
DOMAIN_CERTIFICATE = f"{TLS}/domain.pem"
HOST_CERTIFICATE = f"{TLS}/host.pem"
CA = f"{TLS}/ca.pem"
API_SOCKET = "/run/ejabberd/api.sock"
CHECK_CONFIG = f"{TOOLS}/ejabberd-check-config"
MODULES = f"{TOOLS}/erlang"
"""Not called after an application: Erlang would look for that one's other files here, too."""
OWN_MODULES = tuple(f"{MODULES}/{name}.erl" for name in ("mod_mam_sql_retry", "mod_redeliver"))
"""Of our own, in Erlang: ejabberd's behaviour is changed nowhere else."""
MEMBER = f"{TOOLS}/ejabberd-member"
WATCH = "ejabberd-watch.service"
WATCH_UNIT = f"/etc/systemd/system/{WATCH}"
ACCOUNT_BACKEND = f"{TOOLS}/ejabberd-account"

COOKIE_PASSWORD = "ejabberd_cookie_password"  # noqa: S105 - the name of a secret
DISTRIBUTION_PORT = 5210
SCHEMA = "/usr/share/ejabberd/sql/pg.new.sql"
CIPHERS = (
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
)


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


def peers(settings: "DeploymentSettings", host: HostPlan) -> list[str]:
    """The addresses of the other members."""
    return [other.address for other in settings.hosts_of("im") if other.name != host.name]


def drains(settings: "DeploymentSettings") -> bool:
    """Whether clients can go to another member before one restarts."""
    return Ejabberd.is_chosen(settings) and len(settings.hosts_of("im")) > 1


def files(settings: "DeploymentSettings", host: HostPlan) -> dict[str, File]:
    """Everything ejabberd reads, secrets in files of their own."""
    names: dict[str, Any] = {
        "account": ACCOUNT,
        "address": host.address,
        "api_socket": API_SOCKET,
        "backend": ACCOUNT_BACKEND,
        "ca": CA,
        "ciphers": CIPHERS,
        "client_port": Ports().starttls,
        "database": IM_DATABASE,
        "database_service": DATABASE_SERVICE,
        "distribution_options": DISTRIBUTION,
        "distribution_port": DISTRIBUTION_PORT,
        "domain": settings.domain,
        "domain_certificate": DOMAIN_CERTIFICATE,
        "draining": DRAINING,
        "host": host,
        "host_certificate": HOST_CERTIFICATE,
        "member": MEMBER,
        "modules": MODULES,
        "own_modules": OWN_MODULES,
        "members": [member.address for member in settings.hosts_of("im")],
        "max_upload_megabytes": settings.im.max_upload_megabytes,
        "peers": peers(settings, host),
        "ports": Ports(),
        "replicas": REPLICAS,
        "secrets_file": SECRETS,
        "settings": settings.ejabberd,
        "uploads": UPLOADS,
        "vm_args": VM_ARGS,
    }

    def text(name: str) -> str:
        return render(f"{name}.j2", **names)

    def pem(name: str) -> File:
        content = f"${{value:{name}_certificate}}\n${{secret:{name}_key}}\n"
        return File(content=content, mode="0600", owner="ejabberd", group="ejabberd")

    watch = {WATCH_UNIT: File(content=text("ejabberd/ejabberd-watch.service"))} if peers(settings, host) else {}
    return {
        **watch,
        CONFIG: File(content=text("ejabberd/ejabberd.yml"), mode="0600", owner="ejabberd", group="ejabberd"),
        SECRETS: File(content=text("ejabberd/secrets.yml"), mode="0600", owner="ejabberd", group="ejabberd"),
        DATABASE_SERVICE: File(content=text("ejabberd/pg_service.conf"), mode="0600"),
        DEFAULT: File(content=text("ejabberd/default")),
        VM_ARGS: File(content=text("ejabberd/vm.args")),
        DISTRIBUTION: File(content=text("ejabberd/distribution.conf")),
        UNIT: File(content=text("ejabberd/ejabberd.service")),
        COOKIE: File(content="${secret:cookie}", mode="0400", owner="ejabberd", group="ejabberd"),
        DOMAIN_CERTIFICATE: pem("domain"),
        HOST_CERTIFICATE: pem("host"),
        CA: File(content="${value:ca}\n"),
        **{path: File(content=render(f"ejabberd/{path.rpartition('/')[2]}"), early=True) for path in OWN_MODULES},
        CHECK_CONFIG: File(content=text("ejabberd/check-config"), mode="0700", early=True),
        MEMBER: File(content=text("ejabberd/member"), mode="0700"),
        ACCOUNT_BACKEND: File(content=text("ejabberd/account"), mode="0700"),
        ACCOUNT: File(content=text("im/account"), mode="0700"),
    }


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


def steps(settings: "DeploymentSettings", host: HostPlan) -> dict[str, Step]:
    """The tables, and with several hosts the membership, both before ejabberd serves; then who has to be forgotten."""
    database = f"service={IM_DATABASE.name}"
    psql = f"export PGSERVICEFILE={DATABASE_SERVICE}; psql {database} -X -q -v ON_ERROR_STOP=1"
    loaded = "select case when to_regclass('public.users') is null then 'no tables' else 'tables of ejabberd' end"
    # A database that was lost and founded anew knows no ejabberd: that is a state, not a failure to read one.
    refused = f"{{ pg_isready -q -d {database} && echo login is refused; }}"
    schema = Step(
        read=f'{psql} -A -t -c "{loaded}" || {refused}',
        want="tables of ejabberd",
        act=f"{psql} -1 -f {SCHEMA}",
        when="before_start",
    )
    data = Step(read=f"{MEMBER} data", want="ours or none", act=f"{MEMBER} take", when="before_start")
    first = {"data": data, "schema": schema, "own modules": own_modules()}
    if not peers(settings, host):
        return first
    member = Step(
        read=f"{MEMBER} state",
        want="member",
        act=f"{MEMBER} join",
        after=tuple(first),
        when="before_start",
        seconds=300,
    )
    forget = Step(read=f"{MEMBER} strangers", want="none", act=f"{MEMBER} forget")
    return {**first, "member": member, "no member that is gone": forget}


def own_modules() -> Step:
    """Made from their text on the host, for the Erlang that is there."""
    return Step(
        read=f"cd {MODULES} && sha256sum --status --check made 2>/dev/null && echo made || echo not made",
        want="made",
        act=f"cd {MODULES} && rm -f *.beam && erlc *.erl && sha256sum *.erl *.beam >made",
        when="before_start",
    )
