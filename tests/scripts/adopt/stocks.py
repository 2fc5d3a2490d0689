"""A host as a look finds it, for tests."""

from collections.abc import Mapping, Sequence
from typing import Any

from commands.adopt.look import Stock

FACTS: Mapping[str, Any] = {
    "operating_system": "debian 12",
    "cores": 4,
    "memory_mb": 7950,
    "addresses": [{"interface": "eth0", "address": "192.0.2.11/24", "leased": False}],
}
MEASURED: Mapping[str, Any] = {
    "free_disk_mb": {"/": 9001},
    "static_address": True,
    "mirror": "",
    "clock_offset_seconds": 0.1,
}


def stock(
    texts: Mapping[str, str] | None = None,
    *,
    told: Mapping[str, str] | None = None,
    logins: Sequence[Mapping[str, Any]] = (),
    sizes: Mapping[str, int] | None = None,
    facts: Mapping[str, Any] | None = None,
    measured: Mapping[str, Any] | None = None,
) -> Stock:
    """With nothing unknown on it, but for what is given."""
    survey = {"units": [], "ports": [], "logins": list(logins), "jobs": [], "files": [], "sizes": sizes or {}}
    return Stock({**FACTS, **(facts or {})}, {**MEASURED, **(measured or {})}, survey, texts or {}, told or {})
