"""What `scripts/lab status` prints."""

from datetime import datetime

from rich.console import Console
from rich.table import Table

from commands.lab import faults
from commands.lab.lab import Lab
from commands.lab.machines import Machine


def show(lab: Lab) -> None:
    table = Table("host", "address", "user", "state", "since", "cut off from", box=None, pad_edge=False)
    for machine in lab.machines:
        table.add_row(*row(machine, faults.read(lab.places)))
    Console().print(table)


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
