"""A vendor's IM server: a tarball with an `install.sh`, kept beside its older versions, and back to them on failure.

What a package must bring, at its top:
- `install.sh`: run by root in the folder of the version, without a terminal, as often as something changes, and again
  for the older version when a newer one fails. It ends with status 0 once its units run. The variable IM_SETTINGS
  names a file of NAME="value" lines that a shell can read: addresses and ports to listen on, certificates, database,
  queue and cache. Only root can read it; what it holds must not become arguments or exported variables.
- `account add USER` (the password is a line of standard input) and `account remove USER`.
- `uninstall.sh`, if anything is to be stopped when the package goes. Data stays.
"""

import hashlib
import json
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal

import pulumi
import pulumi_command as command
from pydantic import AfterValidator, Field

from components.component import Component
from components.data_stores import rabbitmq, redis
from components.data_stores.databases import PACKAGE_DATABASE
from components.data_stores.rabbitmq_definitions import VHOST
from components.data_stores.rabbitmq_settings import USER
from components.im.server import ACCOUNT, TOOLS, Ports, ports
from components.model import Settings
from components.plan import HostPlan
from components.resources import Directory, File, Health, Service, ServiceState, Step, Unit
from components.text import render

if TYPE_CHECKING:
    from components.settings import DeploymentSettings

FOLDER = "/opt/im"
DECLARATION = "/etc/im/package.json"
VALUES = "/etc/im/package.env"
TLS = "/etc/im/tls"
LOGS = "/var/log/im"
TOOL = f"{TOOLS}/package"
UNPACK = f"{TOOLS}/package-unpack"
RUNTIMES = {"java": "default-jre-headless", "nodejs": "nodejs", "python": "python3-venv"}
SSH_OPTIONS = (
    "-T -a -x -o BatchMode=yes -o StrictHostKeyChecking=yes -o ConnectTimeout=15 "
    "-o ServerAliveInterval=15 -o ServerAliveCountMax=3"
)


def a_name(text: str) -> str:
    """It becomes part of paths, of unit names and of version folders."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9.+~-]{0,62}", text):
        raise ValueError(f"{text} cannot be part of a path; use lower-case letters, digits, '.', '+', '~' and '-'")
    return text


def a_sha256(text: str) -> str:
    """As `sha256sum` prints it."""
    if not re.fullmatch(r"[0-9a-f]{64}", text):
        raise ValueError(f"{text} is no SHA-256; run sha256sum on the tarball and write its 64 hexadecimal digits")
    return text


def a_source(text: str) -> str:
    """A path of this machine, or a URL that is read over TLS."""
    if "://" in text and not re.fullmatch(r"https://[^\s'\"\\]+", text):
        raise ValueError(f"{text} is refused; use https://, or the path of a file")
    if not re.fullmatch(r"[^\0\n'\"\\]+", text):
        raise ValueError(f"{text} is no path; leave out quotes and backslashes")
    return text


class PackageSettings(Settings):
    """The tarball and how it is installed."""

    name: Annotated[str, AfterValidator(a_name)] = Field(description="a short name, for its folder under /opt/im")
    version: Annotated[str, AfterValidator(a_name)] = Field(
        description="the version; a changed tarball needs a new one"
    )
    source: Annotated[str, AfterValidator(a_source)] = Field(description="the tarball: a path, or an https URL")
    sha256: Annotated[str, AfterValidator(a_sha256)] = Field(description="what sha256sum prints for the tarball")
    health: str = Field(description="a command that succeeds once it serves; run by root in the folder of the version")
    units: tuple[str, ...] = Field(
        min_length=1, description="the systemd units that install.sh makes and that must run"
    )
    runtimes: tuple[Literal["java", "nodejs", "python"], ...] = Field(
        (), description="what it needs: java, nodejs, python"
    )
    install_seconds: int = Field(900, ge=10, le=7_200, description="install.sh is ended after so long")
    health_seconds: int = Field(120, ge=5, le=3_600, description="how long it may take until it serves")
    max_unpacked_megabytes: int = Field(2_000, ge=1, le=100_000, description="a larger tarball is refused")
    proxy_protocol: bool = Field(
        False, description="its ports expect the client's address in a PROXY header, version 1"
    )
    starttls_port: int = Field(Ports.starttls, ge=1_024, le=65_535, description="where it takes clients with STARTTLS")
    direct_tls_port: int = Field(Ports.direct_tls, ge=1_024, le=65_535, description="where it takes clients with TLS")
    web_port: int = Field(
        Ports.web, ge=1_024, le=65_535, description="where it takes HTTPS and shows the host's certificate"
    )


class Package(Component):
    """Prepares the host, sends and installs the tarball, then watches over what runs."""

    name = "package"
    roles = ("im",)
    holds_data = True

    @classmethod
    def is_chosen(cls, settings: "DeploymentSettings") -> bool:
        """Its settings are required then."""
        return settings.im.kind == "package"

    @property
    def own(self) -> PackageSettings:
        """The settings of the package."""
        if self.plan.settings.package is None:
            raise ValueError("im:package is missing")
        return self.plan.settings.package

    def _on(self, host: HostPlan, state: ServiceState, before: Sequence[Service]) -> Service:
        prepared = super()._on(host, state, before)
        options = pulumi.ResourceOptions(parent=self, depends_on=[prepared], additional_secret_outputs=["stderr"])
        installed = command.local.Command(
            f"{host.name}-package",
            # An error repeats these words; the script, which gets them as its name, it does not repeat.
            create=f"install {self.own.name} {self.own.version} on {host.name}",
            delete=f"remove {self.own.name} from {host.name}",
            interpreter=["/bin/sh", "-c", script(self.plan.settings, self.own, host)],
            environment={"CONFIGURATION": self._fingerprint(host)},
            logging=command.local.Logging.NONE,
            add_previous_output_in_env=False,
            opts=options,
        )
        return Service(
            host.name, f"{self.name}-units", self.running(), pulumi.ResourceOptions(parent=self, depends_on=[installed])
        )

    def service(self, host: HostPlan) -> ServiceState:
        """What install.sh finds: runtimes, certificates and a file of values that only root can read."""
        settings, certificates = self.plan.settings, self.plan.certificates
        domain, own = certificates.domain(), certificates.leaf(host, self.name)
        password = self.plan.passwords.password
        return ServiceState(
            packages={RUNTIMES[runtime]: "" for runtime in self.own.runtimes},
            directories={FOLDER: Directory(), TLS: Directory(mode="0700"), LOGS: Directory(mode="0700")},
            files=files(settings, self.own, host),
            values={
                "domain_certificate": domain.certificate,
                "host_certificate": own.certificate,
                "ca": certificates.ca,
            },
            secrets={
                "domain_key": domain.key,
                "host_key": own.key,
                "database_password": password(PACKAGE_DATABASE.password),
                "queue_password": password(rabbitmq.PASSWORD),
                "cache_password": password(redis.PASSWORD),
            },
        )

    def running(self) -> ServiceState:
        """What must be so once it is installed: the version, its units, its health."""
        return ServiceState(
            units={unit: Unit() for unit in self.own.units},
            steps={
                "version": Step(
                    read=f"{TOOL} version",
                    want=f"{self.own.version} sha256 {self.own.sha256}",
                    act=f"{TOOL} activate",
                    when="before_start",
                    seconds=2 * (self.own.install_seconds + self.own.health_seconds),
                )
            },
            healthy=Health(command=f"{TOOL} health", seconds=self.own.health_seconds),
        )

    def _fingerprint(self, host: HostPlan) -> pulumi.Output[str]:
        """Changes with whatever install.sh was given, so that it runs again."""
        state = self.service(host)
        text = [file.content for _, file in sorted(state.files.items())]
        computed = pulumi.Output.all(*state.values.values(), *state.secrets.values())
        return pulumi.Output.secret(
            computed.apply(lambda given: hashlib.sha256(repr((text, given)).encode()).hexdigest())
        )


def files(settings: "DeploymentSettings", own: PackageSettings, host: HostPlan) -> dict[str, File]:
    """Secrets are in the file of values and in the keys, for root only."""
    fields = ("name", "version", "sha256", "health", "install_seconds", "health_seconds", "max_unpacked_megabytes")
    values = render(
        "package/values.env.j2",
        cache=redis,
        database=PACKAGE_DATABASE,
        domain=settings.domain,
        host=host,
        load_balancers=[each.address for each in settings.hosts_of("load_balancer")],
        max_upload_bytes=settings.im.max_upload_megabytes * 1024 * 1024,
        ports=ports(settings),
        proxy_protocol=own.proxy_protocol,
        queue=rabbitmq.ENDPOINT,
        queue_user=USER,
        tls=TLS,
        virtual_host=VHOST,
    )
    folder = f"{FOLDER}/{own.name}"
    tool = render(
        "package/package.j2", declaration=DECLARATION, values_file=VALUES, unpack=UNPACK, folder=folder, logs=LOGS
    )
    return {
        DECLARATION: File(content=json.dumps({name: getattr(own, name) for name in fields}, indent=2) + "\n"),
        VALUES: File(content=values, mode="0600"),
        TOOL: File(content=tool, mode="0700"),
        UNPACK: File(content=render("package/unpack.j2"), mode="0700"),
        ACCOUNT: File(
            content=render("im/account.j2", domain=settings.domain, backend=f"{folder}/current/account"), mode="0700"
        ),
        f"{TLS}/domain.pem": File(content="${value:domain_certificate}\n"),
        f"{TLS}/domain.key": File(content="${secret:domain_key}\n", mode="0600"),
        f"{TLS}/host.pem": File(content="${value:host_certificate}\n"),
        f"{TLS}/host.key": File(content="${secret:host_key}\n", mode="0600"),
        f"{TLS}/ca.pem": File(content="${value:ca}\n"),
    }


def script(settings: "DeploymentSettings", own: PackageSettings, host: HostPlan) -> str:
    """What this machine runs: it reaches the host by the same way as the provider does."""
    login = settings.hosts[host.name]
    port = f"-p {login.port} " if "port" in login.model_fields_set else ""
    return render(
        "package/send.sh.j2",
        login=f"{port}{login.user}@{host.address}",
        sha256=own.sha256,
        source=own.source,
        ssh_options=SSH_OPTIONS,
        tool=TOOL if login.user == "root" else f"sudo -n {TOOL}",
    )
