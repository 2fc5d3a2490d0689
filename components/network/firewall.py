"""Firewall: nothing comes in but the flows of the components. IPv4 and IPv6, a table of our own, replaced at once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import get_args

from components.component import Component
from components.model import Settings
from components.network.flows import Flow, Protocol
from components.plan import EVERY_ROLE, HostPlan, Plan, Role
from components.resources import Directory, File, Health, ServiceState, Step, Unit
from components.text import render

FOLDER = "/etc/im-firewall"
RULES = f"{FOLDER}/rules.nft"
UNIT = "im-firewall.service"
UNIT_FILE = f"/etc/systemd/system/{UNIT}"

VRRP = 112
"""Its protocol number (RFC 5798): a small system has no /etc/protocols to look up the name in."""

HEADING = "differences (+ is live and not declared, - is declared and not live):"
LIST = "nft -s list table inet im"
DIFFERENCES = (
    'folder=$(mktemp -d) && trap \'rm -r "$folder"\' EXIT && cd "$folder" && '
    f"unshare -n sh -c 'nft -f {RULES} && {LIST}' >declared && {{ {LIST} >live 2>/dev/null || :; }} && "
    "{ diff -U 0 declared live >differences || [ $? = 1 ]; } && "
    f"echo '{HEADING}' && sed '1,2d; /^@@/d' differences"
)
"""nft writes a table in its own way, so the declared file is loaded where it does no harm, into an empty network
namespace, and both are listed."""


class FirewallSettings(Settings):
    """nftables. What is open follows from the components; there is nothing to list here."""


@dataclass(frozen=True)
class Rule:
    """One line of the ruleset: from whom (an nft expression, empty for everybody) to which ports."""

    name: str
    source: str
    protocol: Protocol
    ports: tuple[int, ...]

    @property
    def match(self) -> str:
        """What of the packets counts, as nft writes it."""
        if self.protocol == "vrrp":
            return f"meta l4proto {VRRP}"
        return f"{self.protocol} dport {{ {', '.join(map(str, self.ports))} }}"


class Firewall(Component):
    """Debian's nftables.service stays as it is: its file begins with `flush ruleset`."""

    name = "firewall"
    roles = EVERY_ROLE

    def service(self, host: HostPlan) -> ServiceState:
        networks = self.plan.settings.administrators.networks
        return ServiceState(
            packages={"nftables": ""},
            directories={FOLDER: Directory(mode="0700")},
            files={
                RULES: File(content=ruleset(self.plan, host), mode="0600"),
                UNIT_FILE: File(content=render("firewall/im-firewall.service.j2", rules=RULES)),
            },
            values={"administrators": ",".join(str(network) for network in networks)},
            units={UNIT: Unit(reload_on=(RULES,))},
            steps={
                "rules as declared": Step(
                    read=DIFFERENCES, want=f"{HEADING}\n", act=f"systemctl reload-or-restart {UNIT}"
                )
            },
            validate={RULES: "nft -c -f {staged}"},
            healthy=Health(command="nft list chain inet im input | grep -q 'policy drop'", seconds=10),
            confirm=True,
        )


def ruleset(plan: Plan, host: HostPlan) -> str:
    """The whole table of one host."""
    rules = [rule for flow in plan.flows if host.roles & set(flow.to) for rule in rules_of(plan, flow, host)]
    return render("firewall/rules.nft.j2", rules=rules, sets=sets(plan, host))


def rules_of(plan: Plan, flow: Flow, host: HostPlan) -> Iterator[Rule]:
    """What a flow opens on `host`: for each source whose set has an address, one rule a version of IP."""
    if "world" in flow.source:
        yield Rule(flow.name, "", flow.protocol, flow.ports)
        return
    for source in flow.source:
        for version, family in ((4, "ip"), (6, "ip6")):
            if addresses(plan, host, source, version):
                yield Rule(flow.name, f"{family} saddr @{source}{version} ", flow.protocol, flow.ports)


def sets(plan: Plan, host: HostPlan) -> dict[str, list[str]]:
    """The address sets that the rules of `host` name."""
    flows = [flow for flow in plan.flows if host.roles & set(flow.to) and "world" not in flow.source]
    sources = sorted({source for flow in flows for source in flow.source})
    named = {f"{source}{version}": addresses(plan, host, source, version) for source in sources for version in (4, 6)}
    return {name: found for name, found in named.items() if found}


def addresses(plan: Plan, host: HostPlan, source: str, version: int) -> list[str]:
    """The addresses of a source, without those of `host` itself, which come over its loopback."""
    if source == "administrators":
        return plan.settings.administrators.texts(version)
    hosts = plan.settings.hosts_of(role(source), leaving=True)
    others: Sequence[HostPlan] = [other for other in hosts if other.name != host.name]
    found = [other.address if version == 4 else other.address6 for other in others]
    return sorted(address for address in found if address)


def role(source: str) -> Role:
    """A source that is a role."""
    return next(known for known in get_args(Role) if known == source)
