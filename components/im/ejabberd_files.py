"""The files of ejabberd: what it reads, and the programs that its steps call."""

from typing import TYPE_CHECKING, Any

from components.data_stores.databases import IM_DATABASE
from components.im.server import ACCOUNT, TOOLS, Ports
from components.plan import HostPlan
from components.resources import File
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

DISTRIBUTION_PORT = 5210
CIPHERS = (
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
)


def peers(settings: "DeploymentSettings", host: HostPlan) -> list[str]:
    """The addresses of the other members."""
    return [other.address for other in settings.hosts_of("im") if other.name != host.name]


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
