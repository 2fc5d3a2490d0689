"""The lab's network: one namespace with a bridge, the administrators' address `.1` and the stranger's `.200` on it."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from commands.lab.inventory import LabHost, Network
from commands.lab.places import Places
from commands.lab.processes import run

BRIDGE = "br0"
# Forwarding without a default route: a packet for the world is refused at once instead of vanishing.
SYSCTLS = ("net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1", "net.ipv6.conf.all.disable_ipv6=0")


def inside(places: Places, argv: Sequence[str]) -> list[str]:
    return ["nsenter", f"--net={places.namespace_file}", *argv]


def enter(places: Places, argv: Sequence[str], *, doing: str, stdin: str = "") -> str:
    return run(inside(places, argv), doing=doing, stdin=stdin)


def attempt(places: Places, argv: Sequence[str]) -> str:
    """The standard output, whatever the exit code: for asking until an answer comes."""
    return subprocess.run(inside(places, argv), capture_output=True, text=True, check=False).stdout


def exists(places: Places) -> bool:
    """A file without its mount is what a killed run or a restart of the machine left."""
    mounts = Path("/proc/self/mountinfo").read_text().splitlines()
    return any(line.split()[4].endswith(f"/netns/{places.namespace}") for line in mounts)


def ensure(places: Places, hosts: Sequence[LabHost]) -> None:
    if not exists(places):
        places.namespace_file.unlink(missing_ok=True)
        run(["ip", "netns", "add", places.namespace], doing="ip netns add")
    bridge = enter(places, ["ip", "-o", "link", "show"], doing="ip link")
    script = ["link set lo up"]
    if f" {BRIDGE}: " not in bridge:
        script.append(f"link add {BRIDGE} type bridge forward_delay 0 mcast_snooping 0")
    script.append(f"link set {BRIDGE} up")
    for host in hosts:
        for address, network in zip(host.bridge_addresses, [n for n in host.networks for _ in range(2)], strict=True):
            script.append(_address(address, network))
    enter(places, ["ip", "-batch", "-"], stdin="\n".join(dict.fromkeys(script)) + "\n", doing="ip -batch")
    enter(places, ["sysctl", "-q", "-w", *SYSCTLS], doing="sysctl")


def disconnect(places: Places, port: str) -> None:
    """Pulls a host's cable, if it has one. The kernel of a host whose processes end would say goodbye for each."""
    if exists(places):
        attempt(places, ["ip", "link", "delete", port])


def _address(address: str, network: Network) -> str:
    nodad = " nodad" if network.version == 6 else ""
    return f"address replace {address}/{network.prefixlen} dev {BRIDGE}{nodad}"


def remove(places: Places) -> None:
    if exists(places):
        run(["ip", "netns", "delete", places.namespace], doing="ip netns delete")
    places.namespace_file.unlink(missing_ok=True)
