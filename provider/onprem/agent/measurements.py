"""What a host is measured for: each requirement's name with what was found, None where the machine does not tell."""

from __future__ import annotations

import contextlib
import os
import re
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from . import distribution, facts, neighbours
from .commands import Commands

PROBE_SECONDS = 5
UNSYNCHRONISED = "Not synchronised"
OFFSET = re.compile(r"Offset: ([+-]?[\d.]+)(us|ms|s|min)")
SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0}


class Measurements:
    """Measures only what is required; facts are taken from those collected."""

    def __init__(self, commands: Commands, known: Mapping[str, Any], required: Mapping[str, Any]) -> None:
        self._commands, self._known, self._required = commands, known, required
        self._measures: dict[str, Callable[[], Any]] = {
            "operating_systems": lambda: known["operating_system"],
            "python": lambda: known["python"],
            "memory_mb": lambda: known["memory_mb"],
            "cores": lambda: known["cores"],
            "free_disk_mb": lambda: {path: free_mb(path) for path in required["free_disk_mb"]},
            "ssd": self._ssd,
            "raid": self._raid,
            "redundant_power": self._redundant_power,
            "link_mbps": self._link_mbps,
            "static_address": self._static_address,
            "clock_offset_seconds": lambda: clock_offset_seconds(commands),
            "resolves": lambda: {name: resolves(commands, name) for name in required["resolves"]},
            "mirror": lambda: mirror(commands),
            "unclaimed": lambda: neighbours.strangers(required["unclaimed"]),
            "majorities": lambda: {what: neighbours.silent(them) for what, them in required["majorities"].items()},
        }

    def all(self) -> dict[str, Any]:
        """Every requirement that is asked for and known."""
        return {name: measure() for name, measure in self._measures.items() if self._required.get(name) is not None}

    def _disks(self) -> list[Path]:
        paths = list(self._required.get("free_disk_mb") or {"/": 0})
        found = {disk for path in paths for disk in disks_under(path)}
        return sorted(found) or [facts.BLOCK / disk["name"] for disk in self._known["disks"]]

    def _ssd(self) -> bool | None:
        words = {facts.rotational(disk) for disk in self._disks()}
        if True in words:
            return False
        return None if None in words or not words else True

    def _raid(self) -> bool | None:
        if self._known["virtualization"] != "none":
            return None
        if any(array["level"] not in ("raid0", "linear", "") for array in self._known["raid"]):
            return True
        return None if _has_raid_controller() else False

    def _redundant_power(self) -> bool | None:
        count = self._known["power_supplies"]
        return None if count is None else count > 1

    def _link_mbps(self) -> int | None:
        address = facts.our_address(self._known["addresses"])
        return facts.link_mbps(address["interface"]) if address else None

    def _static_address(self) -> bool | None:
        address = facts.our_address(self._known["addresses"])
        return None if address is None else not address["leased"]


def free_mb(path: str) -> int | None:
    """Room for what is not root's, on the file system of `path` or of the nearest folder above it that exists."""
    place = Path(path)
    while not place.exists() and place != place.parent:
        place = place.parent
    status = os.statvfs(place)
    return status.f_bavail * status.f_frsize // 2**20


def mount_points() -> set[str]:
    """Where file systems begin."""
    return {line.split(" ")[1] for line in Path("/proc/self/mounts").read_text().splitlines()}


def disks_under(path: str) -> set[Path]:
    """The whole disks below the file system of `path`, through partitions, LVM and md; none when it has no device."""
    place = Path(path)
    while not place.exists() and place != place.parent:
        place = place.parent
    device = place.stat().st_dev
    return _whole(Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}"))


def _whole(device: Path) -> set[Path]:
    if not device.exists():
        return set()
    real = device.resolve()
    disk = real.parent if (real / "partition").exists() else real
    below = list((disk / "slaves").glob("*")) if (disk / "slaves").exists() else []
    return {found for slave in below for found in _whole(slave)} if below else {disk}


def _has_raid_controller() -> bool:
    classes = Path("/sys/bus/pci/devices").glob("*/class")
    return any(path.read_text().startswith("0x0104") for path in classes)


def clock_offset_seconds(commands: Commands) -> float | None:
    """By chrony, else by systemd-timesyncd; None when neither knows the time."""
    fields = commands.run(["chronyc", "-n", "-c", "tracking"], seconds=PROBE_SECONDS).out.strip().split(",")
    if len(fields) > 13 and fields[13] != UNSYNCHRONISED:
        return float(fields[4])
    found = OFFSET.search(commands.run(["timedatectl", "timesync-status"], seconds=PROBE_SECONDS).out)
    return float(found.group(1)) * SECONDS[found.group(2)] if found else None


def resolves(commands: Commands, name: str) -> bool:
    """Whether the host finds an address for `name`."""
    return commands.run(["getent", "ahosts", name], seconds=PROBE_SECONDS).succeeded


def mirror(commands: Commands) -> str:
    """ "" when every package mirror answers, else the first that does not, and why."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler(distribution.proxies(commands)))
    sources = distribution.release_files(commands)
    if not sources:
        return "none is set up"
    for url in sources:
        request = urllib.request.Request(url, method="HEAD", headers={"User-Agent": "Debian APT-HTTP/1.3"})  # noqa: S310
        try:
            with contextlib.closing(opener.open(request, timeout=PROBE_SECONDS)):
                pass
        except (OSError, ValueError) as error:
            return f"{url}: {getattr(error, 'reason', error)}"
    return ""
