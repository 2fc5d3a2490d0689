"""What there is at the end: hosts, how to log in, what to try next."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from rich.console import Group
from rich.table import Table
from rich.text import Text

from commands.verify.outputs import Outputs


def summary(stack: str, stacks: Path, outputs: Outputs, authority: Path, has_engine: bool) -> Group:
    """Everything a person needs to go on."""
    config = yaml.safe_load((stacks / f"Pulumi.{stack}.yaml").read_text())["config"]
    return Group(_hosts(config), _login(stack, outputs, authority), _next(stack, outputs, has_engine))


def _hosts(config: Mapping[str, Any]) -> Table:
    table = Table("host", "address", "runs", title="what runs where")
    for name, host in config["onprem:hosts"].items():
        roles = [role for role, names in config["im:roles"].items() if name in names]
        addresses = "\n".join(str(host[key]) for key in ("address", "address6") if host.get(key))
        table.add_row(name, addresses, ", ".join(roles).replace("_", " "))
    return table


def _login(stack: str, outputs: Outputs, authority: Path) -> Text:
    endpoints = outputs.endpoints
    ports = ", ".join(f"{name} {port}" for name, port in endpoints.ports.items())
    account = f"scripts/lab ssh {stack} {outputs.accounts.host} /usr/local/lib/im/account add alice"
    rows = {
        "make an account": f"{account}   (then type its password)",
        "user name": f"alice@{endpoints.domain}",
        "server": f"{', '.join(endpoints.addresses)}; ports: {ports}; wss://{endpoints.domain}/ws",
        "authority to trust": str(authority),
        "start a client": f"scripts/lab run {stack} -- CLIENT   (the lab's network cannot be reached otherwise)",
    }
    return Text("\n  ".join(["how to log in", *(f"{name:<19}{value}" for name, value in rows.items())]))


def _next(stack: str, outputs: Outputs, has_engine: bool) -> Text:
    host = outputs.accounts.host
    repair = (
        [
            f"scripts/lab run {stack} -- pulumi preview --refresh --diff --stack {stack}",
            f"scripts/lab run {stack} -- pulumi up --refresh --stack {stack}",
        ]
        if has_engine
        else [f"scripts/lab run {stack} -- scripts/apply {stack}"]
    )
    lines = [
        "what to try next: break something, and have it repaired",
        f"scripts/lab ssh {stack} {host} systemctl stop redis-server",
        *repair,
        f"scripts/lab run {stack} -- scripts/verify {stack}",
        f"scripts/lab down {stack}",
    ]
    return Text("\n  ".join(lines))
