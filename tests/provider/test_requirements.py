"""What was found against what is needed."""

from typing import Any

from onprem.requirements import RULES, TITLES, evaluate

REQUIRED: dict[str, Any] = {
    "memory_mb": 16000,
    "cores": 4,
    "free_disk_mb": {"/": 5000, "/var": 20000},
    "ssd": True,
    "raid": True,
    "redundant_power": True,
    "link_mbps": 1000,
    "static_address": True,
    "operating_systems": ["debian 12", "ubuntu 24.04"],
    "python": "3.9",
    "clock_offset_seconds": 1.0,
    "resolves": ["im.example"],
    "mirror": True,
    "unclaimed": {"192.0.2.10": ["192.0.2.11"]},
    "majorities": {"members of etcd": ["192.0.2.11:2380", "192.0.2.12:2380", "192.0.2.13:2380", "192.0.2.14:2380"]},
}
GOOD: dict[str, Any] = {
    "memory_mb": 16000,
    "cores": 8,
    "free_disk_mb": {"/": 5000, "/var": 50000},
    "ssd": True,
    "raid": True,
    "redundant_power": True,
    "link_mbps": 10000,
    "static_address": True,
    "operating_systems": "debian 12",
    "python": "3.11",
    "clock_offset_seconds": -0.2,
    "resolves": {"im.example": True},
    "mirror": "",
    "unclaimed": {"192.0.2.10": ""},
    "majorities": {"members of etcd": ["192.0.2.14:2380"]},
}
BAD: dict[str, Any] = {
    "memory_mb": 3900,
    "cores": 2,
    "free_disk_mb": {"/": 100, "/var": 19999},
    "ssd": False,
    "raid": False,
    "redundant_power": False,
    "link_mbps": 100,
    "static_address": False,
    "operating_systems": "centos 9",
    "python": "3.8",
    "clock_offset_seconds": 90.4,
    "resolves": {"im.example": False},
    "mirror": "404",
    "unclaimed": {"192.0.2.10": "02:00:00:00:00:01"},
    "majorities": {"members of etcd": ["192.0.2.13:2380", "192.0.2.14:2380"]},
}


def test_a_good_machine_passes() -> None:
    verdict = evaluate("db1", REQUIRED, GOOD)
    assert (verdict.unmet, verdict.not_told) == ((), ())


def test_a_bad_machine_is_told_everything_at_once() -> None:
    assert evaluate("db1", REQUIRED, BAD).unmet == (
        "db1: found centos 9, needed debian 12 or ubuntu 24.04; install a supported operating system",
        "db1: found Python 3.8, needed Python 3.9 or newer; install a newer Python 3",
        "db1: found 3900 MB of memory, needed 16000 MB of memory; add memory, or lower requirements.memory_mb",
        "db1: found 2 cores, needed 4 cores; add cores, or lower requirements.cores",
        "db1: found 100 MB free in /, needed 5000 MB; free or add disk space",
        "db1: found 19999 MB free in /var, needed 20000 MB; free or add disk space",
        "db1: found a rotating disk, needed an SSD; move the data to an SSD",
        "db1: found no redundant disks, needed RAID; set up RAID on the data disks",
        "db1: found one power supply, needed two; fit a second power supply",
        "db1: found 100 Mbit/s network, needed 1000 Mbit/s network; check cable, port and driver",
        "db1: found an address from DHCP, needed a static one; configure the address on the host itself",
        "db1: found a clock that is +90.4 s off, needed at most 1 s; set the clock, and check its time servers",
        "db1: found that im.example does not resolve, needed an address for it;"
        " correct /etc/resolv.conf or the name server",
        "db1: found that the package mirror does not answer (404), needed a mirror that does;"
        " correct /etc/apt/sources.list or the way to the mirror",
        "db1: found that 192.0.2.10 belongs to another machine (02:00:00:00:00:01), needed an address that nobody has;"
        " choose a free one, or find the machine with that link-layer address",
        "db1: found 2 of 4 members of etcd running (not 192.0.2.13:2380, 192.0.2.14:2380), needed 3;"
        " start the others before a member leaves; new ones join in a run before that",
    )


def test_what_a_machine_does_not_tell_is_a_warning() -> None:
    verdict = evaluate("db1", {"raid": True, "link_mbps": 1000}, {"raid": None})
    assert verdict.unmet == ()
    assert verdict.not_told == (
        "db1: the machine does not tell whether its disks are redundant; make sure of it by hand",
        "db1: the machine does not tell the speed of its network; make sure of it by hand",
    )


def test_what_is_not_asked_for_is_not_judged() -> None:
    verdict = evaluate("db1", {"ssd": False}, BAD)
    assert (verdict.unmet, verdict.not_told) == ((), ())


def test_every_requirement_has_a_rule_and_a_title() -> None:
    assert set(REQUIRED) == set(RULES) == set(TITLES)
