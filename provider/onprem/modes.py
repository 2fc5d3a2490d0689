"""What the operator's environment asks of the provider: ONPREM_OFFLINE, ONPREM_LIVE and ONPREM_READER."""

from collections.abc import Mapping
from dataclasses import dataclass

from onprem.errors import OnPremError


@dataclass(frozen=True)
class Modes:
    """`offline` hosts are left alone and their state stands; `looks` is whether a preview looks at live hosts.

    `reader` is the account of the hosts' readers, which is used instead of the hosts' logins; empty, it is not.
    """

    offline: frozenset[str] = frozenset()
    looks: bool = True
    reader: str = ""

    def refuse_change(self, host: str, service: str = "") -> None:
        """Raises when `host` must not, or cannot, be changed now."""
        name = f"{host}/{service}" if service else host
        if self.reader:
            raise OnPremError(
                f"{name}: cannot be changed while ONPREM_READER is set: the login {self.reader} only reads; unset it,"
                " and use a key that may change the host"
            )
        if host in self.offline:
            raise OnPremError(
                f"{name}: cannot be changed while ONPREM_OFFLINE names {host}; take it out once the host is back;"
                " if it never comes back, forget its resources with: pulumi state delete"
            )


def read_modes(environ: Mapping[str, str]) -> Modes:
    """The modes that `environ` sets."""
    names = environ.get("ONPREM_OFFLINE", "").split(",")
    offline = frozenset(name.strip() for name in names if name.strip())
    return Modes(offline, looks=environ.get("ONPREM_LIVE") != "0", reader=environ.get("ONPREM_READER", ""))
