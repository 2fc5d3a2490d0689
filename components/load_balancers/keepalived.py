"""keepalived: one address for several load balancers, which another one takes over within about a second.

VRRP version 3, from host to host (unicast). This version has no authentication; the firewall lets protocol 112 in from
the other load balancers only. None takes the address back when it returns: a move cuts connections, so there is one
move for a failure and not two.
"""

from ipaddress import IPv4Interface, IPv6Interface
from typing import TYPE_CHECKING, Any

from pydantic import Field

from components.component import Component
from components.load_balancers.haproxy import READY
from components.model import Settings
from components.network.flows import Flow
from components.plan import HostPlan
from components.resources import File, Health, ServiceState, Step, Unit, User
from components.text import render

if TYPE_CHECKING:
    from components.settings import DeploymentSettings

CONFIG = "/etc/keepalived/keepalived.conf"
DROP_IN = "/etc/systemd/system/keepalived.service.d/im.conf"
INTERFACE = "/usr/local/lib/im/keepalived-interface"
HOLDER = "/usr/local/lib/im/keepalived-holder"
FOUND_INTERFACE = "/run/im-keepalived.conf"
CHECKER = "keepalived_script"
"""The account that keepalived's manual names for check scripts."""

FREE = "ours or nobody"
TAKEN = "im:keepalived.address: another machine has it; choose a free one, or find the one with the link-layer address"
VALIDATE = f"{INTERFACE} && trap '' TERM && keepalived -t -f {{staged}}"
"""At the end of its test, keepalived 2.2.7 sends SIGTERM to its own process group when there is a check script."""

HEARD = "/usr/bin/fping -q -B 1 -r 3 -t 200 -x 1"
"""Asks all at once, four times within 0.8 s; fails when nobody answered."""

HIGHEST_PRIORITY = 200
STEP = 10
"""Between two load balancers: decides which of them keeps the address if both have it after they lost each other."""


class KeepalivedSettings(Settings):
    """The address that clients connect to."""

    address: IPv4Interface | None = Field(
        None, description="with several load balancers: the address that moves between them, and its network's length"
    )
    address6: IPv6Interface | None = Field(None, description="an IPv6 address that moves with it")
    advert_milliseconds: int = Field(
        300,
        ge=100,
        le=990,
        multiple_of=10,
        description="the holder's sign of life; after three are missed it is taken over",
    )
    router_id: int = Field(51, ge=1, le=255, description="unlike that of any other VRRP router on the network")


class Keepalived(Component):
    """Holds the address on one of the load balancers."""

    name = "keepalived"
    roles = ("load_balancer",)

    @classmethod
    def is_chosen(cls, settings: "DeploymentSettings") -> bool:
        """Where there is somebody to take over."""
        return settings.keepalived.address is not None and len(settings.members_of("load_balancer")) > 1

    def service(self, host: HostPlan) -> ServiceState:
        """One load balancer. Gives the address away when it reaches no IM server, or hears nobody at all."""
        settings = self.plan.settings
        address = settings.keepalived.address
        answers = f"curl -sS --output /dev/null --max-time 2 http://{address.ip if address else ''}/"
        return ServiceState(
            packages=dict.fromkeys(("keepalived", "iproute2", "iputils-ping", *asking(settings, host)), ""),
            users={CHECKER: User()},
            files=files(settings, host),
            steps={
                "shared address": Step(
                    read=HOLDER, want=FREE, act=f"echo '{TAKEN}' \"$({HOLDER})\" >&2; exit 1", when="before_start"
                )
            },
            units={"keepalived.service": Unit(reload_on=(CONFIG,), restart_on=(DROP_IN, INTERFACE))},
            validate={CONFIG: VALIDATE},
            healthy=Health(
                command=f"systemctl is-active --quiet keepalived && runuser -u {CHECKER} -- {READY} && {answers}",
                seconds=30,
            ),
        )

    @classmethod
    def requirements(cls, settings: "DeploymentSettings", host: HostPlan) -> dict[str, Any]:
        """An address that nobody has but a load balancer: known before anything is changed."""
        address = settings.keepalived.address
        holders = [member.address for member in settings.hosts_of(*cls.roles, leaving=True)]
        return {"unclaimed": {str(address.ip): holders}} if address else {}

    @classmethod
    def flows(cls, settings: "DeploymentSettings") -> tuple[Flow, ...]:
        """Signs of life between the load balancers."""
        return (Flow("vrrp", cls.roles, cls.roles, (), "vrrp"),)


def asked(settings: "DeploymentSettings", host: HostPlan) -> tuple[str, ...]:
    """The addresses of those who tell a holder that hears nobody from one that is well.

    Such a holder is still heard, so nobody takes the address from it. Where it has an IM server of its own, HAProxy
    reaches that one and does not notice. A single other host may be down, and tells nothing.
    """
    others = tuple(member.address for member in settings.plans if member.name != host.name)
    return others if "im" in host.roles and len(others) > 1 else ()


def asking(settings: "DeploymentSettings", host: HostPlan) -> tuple[str, ...]:
    """The package that asks them."""
    return ("fping",) if asked(settings, host) else ()


def files(settings: "DeploymentSettings", host: HostPlan) -> dict[str, File]:
    """The configuration, and two programs. Addresses have no length in it, so no route comes and goes with them."""
    own, members = settings.keepalived, settings.hosts_of(*Keepalived.roles)
    names: dict[str, Any] = {
        "address": own.address and own.address.ip,
        "address6": own.address6 and own.address6.ip,
        "asked": asked(settings, host),
        "advert_seconds": own.advert_milliseconds / 1000,
        "check": READY,
        "checker": CHECKER,
        "found": FOUND_INTERFACE,
        "heard": HEARD,
        "free": FREE,
        "host": host,
        "interface": INTERFACE,
        "others": [member for member in members if member != host],
        "priority": max(1, HIGHEST_PRIORITY - STEP * members.index(host)),
        "router_id": own.router_id,
    }

    def text(name: str) -> str:
        return render(f"keepalived/{name}.j2", **names)

    return {
        CONFIG: File(content=text("keepalived.conf")),
        DROP_IN: File(content=text("keepalived.service.conf")),
        INTERFACE: File(content=text("interface"), mode="0755", early=True),
        HOLDER: File(content=text("holder"), mode="0755"),
    }
