"""What every IM adapter has in common: where it listens, and how accounts are made."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from components.settings import DeploymentSettings

TOOLS = "/usr/local/lib/im"
ACCOUNT = f"{TOOLS}/account"
"""`account add USER` takes the password on standard input, `account remove USER` needs none. Root only."""


@dataclass(frozen=True)
class Ports:
    """Where an IM server listens, on its host's address and for the load balancers only.

    The public ports 80, 443, 5222 and 5223 belong to the load balancer, which may share a host with it.
    """

    starttls: int = 15222
    direct_tls: int = 15223
    web: int = 15443
    """HTTPS: /ws, /bosh, /upload and /.well-known/host-meta."""

    def all(self) -> tuple[int, ...]:
        """In the order of their numbers."""
        return tuple(sorted((self.starttls, self.direct_tls, self.web)))


def ports(settings: "DeploymentSettings") -> Ports:
    """Those of the chosen adapter."""
    own = settings.package
    if settings.im.kind != "package" or own is None:
        return Ports()
    return Ports(own.starttls_port, own.direct_tls_port, own.web_port)


def proxy_protocol(settings: "DeploymentSettings") -> bool:
    """Whether the chosen adapter expects the client's address in a PROXY header."""
    return settings.im.kind != "package" or settings.package is None or settings.package.proxy_protocol
