"""Data that a host holds already: what joins it as it is, and what is refused, before anything is changed."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from commands.adopt.look import Stock
from commands.adopt.probes import EJABBERD
from components.data_stores.databases import IM_DATABASE
from components.data_stores.postgresql_settings import DATA

VERSION = "15"
EMPTY_BYTES = {"passwd.DCD": 8, "passwd.DAT": 5432}
"""Mnesia's files without an account."""
NOT_KEPT = ("guest", "im", "user")
"""Users of RabbitMQ that are everybody's, ours, or the head of the list."""


@dataclass(frozen=True)
class Existing:
    """What `service` has on `host`, and what becomes of it. `settings`, by key, are what makes it join."""

    host: str
    service: str
    what: str
    refused: bool = False
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.host}/{self.service}: {self.what}"


def existing(stocks: Mapping[str, Stock], config: Mapping[str, Any]) -> Iterator[Existing]:
    """Of all hosts, by the roles they have."""
    for host, stock in stocks.items():
        roles = {role for role, hosts in config["im:roles"].items() if host in hosts}
        if "database" in roles:
            yield from postgresql(host, stock)
        if roles & {"queue", "witness"}:
            yield from rabbitmq(host, stock, str(config["onprem:hosts"][host]["address"]))
        if "im" in roles and config.get("im:im", {}).get("kind", "ejabberd") == "ejabberd":
            yield from ejabberd(host, stock)


def postgresql(host: str, stock: Stock) -> Iterator[Existing]:
    """One cluster of the same version is served where it lies; several cannot be told apart."""
    folders = sorted(str(PurePosixPath(path).parent) for path in _paths(stock, "PG_VERSION"))
    if folders in ([], [DATA]):
        return
    if len(folders) > 1:
        what = f"several clusters, {', '.join(folders)}; remove or move those that are not to be served"
        yield Existing(host, "postgresql", what, refused=True)
    elif PurePosixPath(folders[0]).parts[-2] != VERSION:
        what = f"{folders[0]} is not of version {VERSION}; bring it there with pg_upgradecluster"
        yield Existing(host, "postgresql", what, refused=True)
    else:
        what = (
            f"the cluster in {folders[0]} is served by Patroni where it lies, with all its databases;"
            " its pg_hba.conf no longer counts, so who else connects over the network needs another way in"
        )
        yield Existing(host, "postgresql", what, settings={"im:postgresql": {"data_directory": folders[0]}})


def rabbitmq(host: str, stock: Stock, address: str) -> Iterator[Existing]:
    """A node's data is under its name."""
    nodes = sorted(PurePosixPath(path).parts[-2] for path in _paths(stock, "schema.DAT"))
    others = [node for node in nodes if node.startswith("rabbit@") and node != f"rabbit@{address}"]
    if others == [f"rabbit@{host}"]:
        told = [line.split()[0] for line in stock.told.get("rabbitmq users", "").splitlines() if line.strip()]
        users = sorted(set(told) - set(NOT_KEPT))
        stay = f"; its users stay: {', '.join(users)}" if users else ""
        what = f"the node {others[0]} goes on under its name, with its queues and messages{stay}"
        settings = {"host_names": True, **({"other_users": users} if users else {})}
        yield Existing(host, "rabbitmq", what, settings={"im:rabbitmq": settings})
    elif others:
        what = (
            f"data of {', '.join(others)}, and only rabbit@{host} could go on; call the host in the stack file as the"
            " machine calls itself, or move the queues away"
        )
        yield Existing(host, "rabbitmq", what, refused=True)


def ejabberd(host: str, stock: Stock) -> Iterator[Existing]:
    """Accounts are in PostgreSQL here: those in Mnesia would not be found, and so nobody could log in."""
    sizes = {PurePosixPath(path).name: size for path, size in stock.survey["sizes"].items() if "/ejabberd/" in path}
    if any(size > EMPTY_BYTES.get(name, 0) for name, size in sizes.items()):
        what = (
            "accounts in Mnesia, and accounts are in PostgreSQL here; write them out with ejabberdctl export2sql, and"
            " keep the service (im:keep) until they are moved"
        )
        yield Existing(host, "ejabberd", what, refused=True)
    found = re.search(r"^\s*sql_database:\s*\"?([^\"\s]+)", stock.texts.get(EJABBERD, ""), re.MULTILINE)
    if found and found.group(1) != IM_DATABASE.name:
        what = (
            f"accounts in the database {found.group(1)}, and this deployment reads {IM_DATABASE.name}; rename it, and"
            " bring it to ejabberd's new schema"
        )
        yield Existing(host, "ejabberd", what, refused=True)


def _paths(stock: Stock, name: str) -> list[str]:
    return [path for path in stock.survey["sizes"] if path.endswith(f"/{name}")]
