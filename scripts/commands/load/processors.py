"""What lab hosts have used of the machine's processors, told by the control groups that they run in."""

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

OTHERS = "others"
SHOWN = {
    "ejabberd.service": "ejabberd",
    "patroni.service": "PostgreSQL",
    "haproxy.service": "HAProxy",
    "haproxy-local.service": "haproxy-local",
}
"""The units a message goes through; Patroni's runs PostgreSQL."""


def used(hosts: Mapping[str, Path]) -> dict[str, float]:
    """CPU seconds by service since the hosts (name → control group) were started; `others` is the rest of them."""
    seconds: dict[str, float] = defaultdict(float)
    for group in hosts.values():
        named = {name: _seconds(path) for unit, name in SHOWN.items() for path in group.rglob(f"system.slice/{unit}")}
        for name, one in named.items():
            seconds[name] += one
        seconds[OTHERS] += _seconds(group) - sum(named.values())
    return seconds


def between(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    """What was used from one look to the next."""
    return {name: seconds - before.get(name, 0.0) for name, seconds in after.items()}


def _seconds(group: Path) -> float:
    fields = dict(line.split() for line in (group / "cpu.stat").read_text().splitlines())
    return int(fields["usage_usec"]) / 1e6
