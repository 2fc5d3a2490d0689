"""What the operator's environment asks of the provider: ONPREM_OFFLINE, ONPREM_GONE, ONPREM_LIVE, ONPREM_READER."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from onprem.errors import OnPremError


@dataclass(frozen=True)
class Modes:
    """`offline` hosts are left alone and their state stands; `looks` is whether a preview looks at live hosts.

    `gone` hosts are offline for ever: what is deleted there is only forgotten.
    `reader` is the account of the hosts' readers, which is used instead of the hosts' logins; empty, it is not.
    """

    offline: frozenset[str] = frozenset()
    gone: frozenset[str] = frozenset()
    looks: bool = True
    reader: str = ""

    def away(self, host: str) -> str:
        """The variable that names `host` as one that is not there, or nothing."""
        return "ONPREM_GONE" if host in self.gone else "ONPREM_OFFLINE" if host in self.offline else ""

    def refuse_strangers(self, hosts: Collection[str]) -> None:
        """Raises when a variable names a host that is not among `hosts`."""
        for variable, named in (("ONPREM_OFFLINE", self.offline), ("ONPREM_GONE", self.gone)):
            if strangers := sorted(named.difference(hosts)):
                known = ", ".join(sorted(hosts)) or "none"
                raise OnPremError(f"{variable}: {', '.join(strangers)}: not in onprem:hosts; known hosts: {known}")

    def refuse_change(self, host: str, service: str = "") -> None:
        """Raises when `host` must not, or cannot, be changed now."""
        name = f"{host}/{service}" if service else host
        if self.reader:
            raise OnPremError(
                f"{name}: cannot be changed while ONPREM_READER is set: the login {self.reader} only reads; unset it,"
                " and use a key that may change the host"
            )
        if host in self.gone:
            raise OnPremError(
                f"{name}: ONPREM_GONE names {host}, and the stack still declares it; remove it from the stack, or from"
                " ONPREM_GONE"
            )
        if host in self.offline:
            raise OnPremError(
                f"{name}: cannot be changed while ONPREM_OFFLINE names {host}; take it out once the host is back;"
                " if it never comes back, name it in ONPREM_GONE and remove it from the stack"
            )


def read_modes(environ: Mapping[str, str]) -> Modes:
    """The modes that `environ` sets."""
    offline, gone = (_names(environ.get(variable, "")) for variable in ("ONPREM_OFFLINE", "ONPREM_GONE"))
    return Modes(offline, gone, looks=environ.get("ONPREM_LIVE") != "0", reader=environ.get("ONPREM_READER", ""))


def _names(text: str) -> frozenset[str]:
    return frozenset(name.strip() for name in text.split(",") if name.strip())
