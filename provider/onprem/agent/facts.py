"""What a machine is: its stable facts, from /proc, /sys and a few programs. Changes nothing."""

from __future__ import annotations

import json
import os
import platform
import sys
from pathlib import Path
from typing import Any

from . import distribution, login
from .commands import Commands

BLOCK = Path("/sys/block")
NET = Path("/sys/class/net")
NO_DISK = ("loop", "ram", "zram", "sr", "fd", "nbd", "dm-", "md")
PRESENT = 0b10
CHARACTERISTICS_OFFSET = 0x0E


def collect(commands: Commands) -> dict[str, Any]:
    """All facts. None stands for what the machine does not tell."""
    release = distribution.release()
    known = addresses(commands)
    return {
        "operating_system": operating_system(release),
        "architecture": platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_mb": memory_mb(),
        "virtualization": virtualization(commands),
        "disks": disks(),
        "raid": arrays(),
        "power_supplies": power_supplies(),
        "addresses": known,
        "link_mbps": {entry["interface"]: link_mbps(entry["interface"]) for entry in known},
        "python": python(),
    }


def operating_system(release: dict[str, str]) -> str:
    """For example `debian 12`."""
    return f"{release.get('ID', 'unknown')} {release.get('VERSION_ID', '')}".strip()


def python() -> str:
    """For example `3.11`."""
    return f"{sys.version_info[0]}.{sys.version_info[1]}"


def memory_mb() -> int:
    """What the kernel has to give."""
    fields = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
    return int(fields["MemTotal"].split()[0]) // 1024


def virtualization(commands: Commands) -> str:
    """The word of systemd-detect-virt, `none` on a physical machine."""
    return commands.run(["systemd-detect-virt"]).out.strip() or "unknown"


def disks() -> list[dict[str, Any]]:
    """Whole disks with their size, and whether the kernel says that they rotate."""
    found = sorted(path for path in BLOCK.iterdir() if not path.name.startswith(NO_DISK)) if BLOCK.exists() else []
    return [{"name": path.name, "size_gb": _size_gb(path), "rotational": rotational(path)} for path in found]


def _size_gb(disk: Path) -> int:
    return int(_word(disk / "size") or 0) * 512 // 10**9


def rotational(disk: Path) -> bool | None:
    """Whether a disk rotates; None for a virtual one, whose word means nothing, unless it says no."""
    word = _word(disk / "queue/rotational")
    if word == "0":
        return False
    return True if word == "1" and not disk.name.startswith(("vd", "xvd")) else None


def arrays() -> list[dict[str, str]]:
    """Arrays of md, with their level."""
    found = sorted(BLOCK.glob("md*/md/level")) if BLOCK.exists() else []
    return [{"name": path.parts[-3], "level": _word(path) or ""} for path in found]


def power_supplies() -> int | None:
    """How many are present, by the tables of the firmware (SMBIOS type 39); None when it has none."""
    entries = sorted(Path("/sys/firmware/dmi/entries").glob("39-*/raw"))
    present = [entry for entry in entries if _characteristics(entry) & PRESENT]
    return len(present) if entries else None


def _characteristics(entry: Path) -> int:
    try:
        return int.from_bytes(entry.read_bytes()[CHARACTERISTICS_OFFSET : CHARACTERISTICS_OFFSET + 2], "little")
    except OSError:
        return 0


def addresses(commands: Commands) -> list[dict[str, Any]]:
    """Addresses of wider than link scope, and whether each is a lease (of DHCP or a router)."""
    output = commands.run(["ip", "-json", "address", "show"]).out
    found = []
    for interface in json.loads(output or "[]"):
        for entry in interface.get("addr_info", []):
            if entry.get("scope") == "global":
                address = f"{entry['local']}/{entry['prefixlen']}"
                leased = bool(entry.get("dynamic"))
                found.append({"interface": interface["ifname"], "address": address, "leased": leased})
    return found


def link_mbps(interface: str) -> int | None:
    """The speed of a network card; None for virtual ones and those that are down."""
    word = _word(NET / interface / "speed")
    return int(word) if word is not None and word.isdigit() and int(word) > 0 else None


def our_address(known: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The address that this login came to, else the only one there is."""
    found = login.find()
    server = found.server if found else ""
    matching = [entry for entry in known if entry["address"].partition("/")[0] == server]
    return next(iter(matching or (known if len(known) == 1 else [])), None)


def _word(path: Path) -> str | None:
    try:
        return path.read_text().strip()
    except OSError:
        return None
