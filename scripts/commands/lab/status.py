"""What `scripts/lab status` prints."""

from datetime import datetime

from commands.lab import faults
from commands.lab.lab import Lab
from commands.lab.machines import Machine

HEADINGS = ("host", "address", "user", "state", "since", "cut off from")


def table(lab: Lab) -> str:
    """Columns as wide as they need to be, so that a pipe cuts nothing off."""
    cuts = faults.read(lab.places)
    rows = [HEADINGS, *(row(machine, cuts) for machine in lab.machines)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in rows)


def row(machine: Machine, cuts: tuple[faults.Cut, ...]) -> tuple[str, ...]:
    host, process = machine.host, machine.running()
    state = "stopped" if process is None else "paused" if machine.frozen() else "running"
    since = datetime.fromtimestamp(process.since).isoformat(" ", "seconds") if process else "-"
    mine = [describe(one) for one in cuts if one.host == host.name]
    addresses = " ".join(filter(None, (host.address, host.address6)))
    return host.name, addresses, host.user, state, since, ", ".join(mine) or "-"


def describe(one: faults.Cut) -> str:
    way = "" if one.direction == "both" else f" ({one.direction})"
    return f"{one.peer or 'everybody'}{way}"
