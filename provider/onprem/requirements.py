"""What a machine was found to have against what it must have. Pure."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Check = Callable[[Any, Any], Iterator[tuple[str, str]]]
"""From what was found and what is needed to both in words, for each that is not met."""


@dataclass(frozen=True)
class Verdict:
    """Sentences: `unmet` requirements, and those the machine does `not_told` about."""

    unmet: tuple[str, ...]
    not_told: tuple[str, ...]


def evaluate(host: str, required: Mapping[str, Any], measured: Mapping[str, Any]) -> Verdict:
    """Every requirement of `host`, each unmet one with what was found, what is needed and how to repair it."""
    unmet, not_told = [], []
    for name in RULES:
        needed = required.get(name)
        if needed is None or needed is False:
            continue
        if measured.get(name) is None:
            not_told.append(f"{host}: the machine does not tell {TITLES[name]}; make sure of it by hand")
            continue
        check, repair = RULES[name]
        for found, wanted in check(measured[name], needed):
            unmet.append(f"{host}: found {found}, needed {wanted}; {repair}")
    return Verdict(tuple(unmet), tuple(not_told))


def _at_least(unit: str) -> Check:
    def check(found: Any, needed: Any) -> Iterator[tuple[str, str]]:
        if found < needed:
            yield f"{found:.0f} {unit}", f"{needed:.0f} {unit}"

    return check


def _is(wrong: str, right: str) -> Check:
    def check(found: Any, _needed: Any) -> Iterator[tuple[str, str]]:
        if not found:
            yield wrong, right

    return check


def _room(found: Any, needed: Any) -> Iterator[tuple[str, str]]:
    for path, megabytes in needed.items():
        if (has := found.get(path)) is not None and has < megabytes:
            yield f"{has:.0f} MB free in {path}", f"{megabytes:.0f} MB"


def _system(found: Any, needed: Any) -> Iterator[tuple[str, str]]:
    if found not in needed:
        yield str(found), " or ".join(needed)


def _python(found: Any, needed: Any) -> Iterator[tuple[str, str]]:
    if _version(found) < _version(needed):
        yield f"Python {found}", f"Python {needed} or newer"


def _clock(found: Any, needed: Any) -> Iterator[tuple[str, str]]:
    if abs(found) > needed:
        yield f"a clock that is {found:+.1f} s off", f"at most {needed:g} s"


def _names(found: Any, needed: Any) -> Iterator[tuple[str, str]]:
    for name in needed:
        if not found.get(name):
            yield f"that {name} does not resolve", "an address for it"


def _mirror(found: Any, _needed: Any) -> Iterator[tuple[str, str]]:
    if found:
        yield f"that the package mirror does not answer ({found})", "a mirror that does"


def _unclaimed(found: Any, needed: Any) -> Iterator[tuple[str, str]]:
    for address in needed:
        if link := found.get(address):
            yield f"that {address} belongs to another machine ({link})", "an address that nobody has"


def _majorities(found: Any, needed: Any) -> Iterator[tuple[str, str]]:
    for what, members in needed.items():
        silent, most = found.get(what, []), len(members) // 2 + 1
        if (running := len(members) - len(silent)) < most:
            yield f"{running} of {len(members)} {what} running (not {', '.join(silent)})", str(most)


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in str(text).split(".")[:2])


RULES: Mapping[str, tuple[Check, str]] = {
    "operating_systems": (_system, "install a supported operating system"),
    "python": (_python, "install a newer Python 3"),
    "memory_mb": (_at_least("MB of memory"), "add memory, or lower requirements.memory_mb"),
    "cores": (_at_least("cores"), "add cores, or lower requirements.cores"),
    "free_disk_mb": (_room, "free or add disk space"),
    "ssd": (_is("a rotating disk", "an SSD"), "move the data to an SSD"),
    "raid": (_is("no redundant disks", "RAID"), "set up RAID on the data disks"),
    "redundant_power": (_is("one power supply", "two"), "fit a second power supply"),
    "link_mbps": (_at_least("Mbit/s network"), "check cable, port and driver"),
    "static_address": (_is("an address from DHCP", "a static one"), "configure the address on the host itself"),
    "clock_offset_seconds": (_clock, "set the clock, and check its time servers"),
    "resolves": (_names, "correct /etc/resolv.conf or the name server"),
    "mirror": (_mirror, "correct /etc/apt/sources.list or the way to the mirror"),
    "unclaimed": (_unclaimed, "choose a free one, or find the machine with that link-layer address"),
    "majorities": (_majorities, "start the others before a member leaves; new ones join in a run before that"),
}

TITLES = {
    "operating_systems": "its operating system",
    "python": "its Python",
    "memory_mb": "its memory",
    "cores": "its number of cores",
    "free_disk_mb": "its free disk space",
    "ssd": "whether its disks are SSDs",
    "raid": "whether its disks are redundant",
    "redundant_power": "whether its power supply is redundant",
    "link_mbps": "the speed of its network",
    "static_address": "whether its address is static",
    "clock_offset_seconds": "how far its clock is off",
    "resolves": "whether names resolve",
    "mirror": "whether its package mirror answers",
    "unclaimed": "whether another machine has an address",
    "majorities": "whether the members of its clusters run",
}
