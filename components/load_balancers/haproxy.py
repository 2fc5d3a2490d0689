"""HAProxy: the entry point for clients. TLS of 443 ends here; 5222 and 5223 pass through to the IM servers."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from components.component import Component
from components.im import server
from components.im.ejabberd import drains
from components.im.ejabberd_files import DRAINING_PATH
from components.model import Settings, Size
from components.network.flows import Flow
from components.plan import HostPlan
from components.resources import Directory, File, Health, ServiceState, Unit
from components.text import render

if TYPE_CHECKING:
    from components.settings import DeploymentSettings

CONFIG = "/etc/haproxy/haproxy.cfg"
LIMITS = "/etc/systemd/system/haproxy.service.d/limits.conf"
TLS = "/etc/haproxy/tls"
DOMAIN_CERTIFICATE = f"{TLS}/domain.pem"
CA = f"{TLS}/ca.pem"
HEALTH_SOCKET = "/run/haproxy/health.sock"

PUBLIC_PORTS = (80, 443, 5222, 5223)
FILES_BESIDE_CONNECTIONS = 1_000
"""Listeners, checks, logs and the old process during a reload."""

READY = f"curl -sS --fail --output /dev/null --max-time 2 --unix-socket {HEALTH_SOCKET} http://localhost/ready"
"""Fails when HAProxy does not answer, and when it reaches no IM server."""


class HAProxySettings(Settings):
    """Limits of the entry point."""

    sizes: ClassVar[Mapping[Size, Mapping[str, Any]]] = {
        "small": {"max_connections": 4_000},
        "medium": {"max_connections": 20_000},
        "large": {"max_connections": 100_000},
    }

    max_connections: int = Field(4_000, ge=100, le=400_000, description="client connections at once, per host")
    idle_seconds: int = Field(1_800, ge=300, description="a client that says nothing for so long is disconnected")
    old_process_minutes: int = Field(
        60, ge=1, description="after a reload, how long connections of before may last on the old process"
    )
    max_bosh_kilobytes: int = Field(512, ge=64, description="the largest body of a BOSH request")

    @property
    def open_files(self) -> int:
        """Two for each connection: the client's side and the server's."""
        return 2 * self.max_connections + FILES_BESIDE_CONNECTIONS


class HAProxy(Component):
    """The public ports of the deployment."""

    name = "haproxy"
    roles = ("load_balancer",)

    def service(self, host: HostPlan) -> ServiceState:
        """One HAProxy for all IM servers, wherever they run."""
        certificate = self.plan.certificates.domain()
        return ServiceState(
            packages={"haproxy": "", "curl": ""},
            directories={TLS: Directory(mode="0700")},
            files={
                CONFIG: File(content=config(self.plan.settings, host)),
                LIMITS: File(content=render("haproxy/limits.conf.j2", settings=self.plan.settings.haproxy)),
                DOMAIN_CERTIFICATE: File(content="${value:domain_certificate}\n${secret:domain_key}\n", mode="0600"),
                CA: File(content="${value:ca}\n"),
            },
            values={"domain_certificate": certificate.certificate, "ca": self.plan.certificates.ca},
            secrets={"domain_key": certificate.key},
            units={
                "haproxy.service": Unit(reload_on=(CONFIG, DOMAIN_CERTIFICATE, CA), restart_on=(LIMITS,)),
            },
            validate={CONFIG: "haproxy -c -f {staged}"},
            healthy=Health(command=READY),
        )

    @classmethod
    def flows(cls, settings: "DeploymentSettings") -> tuple[Flow, ...]:
        """The only ports open to the world, and the way on to the IM servers."""
        return (
            Flow("clients", ("world",), ("load_balancer",), PUBLIC_PORTS),
            Flow("im", ("load_balancer",), ("im",), server.ports(settings).all()),
        )


def config(settings: "DeploymentSettings", host: HostPlan) -> str:
    """The whole configuration. Without an IPv6 address of its own the host may have no IPv6 at all."""
    return render(
        "haproxy/haproxy.cfg.j2",
        any="::" if host.address6 else "0.0.0.0",  # noqa: S104 - the public ports of an entry point
        v4v6=" v4v6" if host.address6 else "",
        ca=CA,
        certificate=DOMAIN_CERTIFICATE,
        domain=settings.domain,
        draining=DRAINING_PATH if drains(settings) else "",
        health_socket=HEALTH_SOCKET,
        im_hosts=settings.hosts_of("im"),
        names_host=settings.im.kind == "ejabberd",  # it has two certificates; a package shows its host's to anybody
        ports=server.ports(settings),
        proxy_protocol=server.proxy_protocol(settings),
        settings=settings.haproxy,
        upload_bytes=settings.im.max_upload_megabytes * 1024 * 1024,
    )
