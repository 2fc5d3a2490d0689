"""What the operator's environment asks of the provider: ONPREM_OFFLINE and ONPREM_LIVE."""

from collections.abc import Mapping
from dataclasses import dataclass

from onprem.errors import OnPremError


@dataclass(frozen=True)
class Modes:
    """`offline` hosts are left alone and their state stands; `looks` is whether a preview looks at live hosts."""

    offline: frozenset[str] = frozenset()
    looks: bool = True

    def refuse_offline(self, host: str, service: str = "") -> None:
        """Raises when `host` must not be changed now."""
        if host in self.offline:
            name = f"{host}/{service}" if service else host
            raise OnPremError(
                f"{name}: cannot be changed while ONPREM_OFFLINE names {host}; take it out once the host is back;"
                " if it never comes back, forget its resources with: pulumi state delete"
            )


def read_modes(environ: Mapping[str, str]) -> Modes:
    """The modes that `environ` sets."""
    names = environ.get("ONPREM_OFFLINE", "").split(",")
    offline = frozenset(name.strip() for name in names if name.strip())
    return Modes(offline, looks=environ.get("ONPREM_LIVE") != "0")
