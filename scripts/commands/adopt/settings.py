"""Settings that say what a host has already, where one says exactly that. The operator's own are never changed."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

import pydantic

from commands.adopt.look import Stock
from commands.adopt.probes import CHRONY, HAPROXY, HOSTS, JOURNAL, POSTGRESQL, REDIS
from components.data_stores.postgresql_settings import PostgreSQLSettings
from components.data_stores.redis import RedisSettings
from components.load_balancers.haproxy import HAProxySettings
from components.servers.administrators import Administrator
from components.servers.ssh import SSHSettings
from components.servers.system import SystemSettings
from components.servers.time import TimeSettings

MEMORY_STEP_MB = 100
FREE_SHARE = 2
PACKAGED = {
    *("data_directory", "hba_file", "ident_file", "external_pid_file", "port", "unix_socket_directories"),
    *("ssl", "ssl_cert_file", "ssl_key_file", "log_line_prefix", "log_timezone", "cluster_name", "datestyle"),
    *("timezone", "lc_messages", "lc_monetary", "lc_numeric", "lc_time", "default_text_search_config", "include_dir"),
    *("dynamic_shared_memory_type", "max_wal_size", "min_wal_size", "listen_addresses", "password_encryption"),
}
"""What Debian writes into every postgresql.conf, and what the deployment decides on."""

MAY_BE_SECRET = re.compile("conninfo|command|pass")
MAXCONN = r"^\s+maxconn\s+(\d+)$"


@dataclass(frozen=True)
class Field:
    """A setting under `key`, told by the hosts that have one of `roles` (all when there are none)."""

    key: str
    name: str
    model: type[pydantic.BaseModel]
    roles: tuple[str, ...]
    told: Callable[[Stock], Any]


def proposed(config: Mapping[str, Any], stocks: Mapping[str, Stock]) -> dict[str, dict[str, Any]]:
    """Values by key, merged with what the stack file has under it: what all hosts say, and it does not say yet."""
    found: dict[str, dict[str, Any]] = {"im:requirements": requirements(stocks)}
    for field in FIELDS:
        value = _agreed(field, config, stocks)
        if value not in (None, {}, [], _default(field)) and _fits(field, value):
            found.setdefault(field.key, {})[field.name] = value
    if people := administrators(config, stocks):
        found["im:administrators"] = {"users": people}
    fresh = {key: {**config.get(key, {}), **without(values, config.get(key, {}))} for key, values in found.items()}
    return {key: values for key, values in fresh.items() if values != config.get(key, {})}


def without(values: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    """What the stack file does not say yet."""
    return {name: value for name, value in values.items() if name not in said}


def requirements(stocks: Mapping[str, Stock]) -> dict[str, Any]:
    """What holds on every host that was looked at; free room may shrink, so half of the least is asked for."""
    facts, measured = [stock.facts for stock in stocks.values()], [stock.measured for stock in stocks.values()]
    if not facts:
        return {}
    found: dict[str, Any] = {
        "memory_mb": min(fact["memory_mb"] for fact in facts) // MEMORY_STEP_MB * MEMORY_STEP_MB,
        "cores": min(fact["cores"] for fact in facts),
        "free_disk_mb": {"/": int(min(one["free_disk_mb"]["/"] for one in measured)) // FREE_SHARE},
        "operating_systems": sorted({fact["operating_system"] for fact in facts}),
    }
    for name, holds in (("static_address", bool), ("mirror", lambda found: found == "")):
        if not all(holds(one[name]) for one in measured):
            found[name] = None
    if any(abs(one["clock_offset_seconds"] or 0) > 2 for one in measured):
        found["clock_offset_seconds"] = None
    return found


def administrators(config: Mapping[str, Any], stocks: Mapping[str, Stock]) -> dict[str, Any]:
    """Accounts with sudo and keys that are the same on every host, without those that hosts are reached by."""
    logins = {host.get("user", "root") for host in config["onprem:hosts"].values()}
    each = [
        {
            login["user"]: {"keys": login["keys"]}
            for login in stock.survey["logins"]
            if login["regular"] and login["sudo"] and login["user"] not in logins and _is_administrator(login["keys"])
        }
        for stock in stocks.values()
    ]
    first = each[0] if each else {}
    return {name: person for name, person in first.items() if all(one.get(name) == person for one in each)}


def time_servers(stock: Stock) -> list[str] | None:
    """The servers of chrony; a pool is no server."""
    text = stock.texts.get(CHRONY, "")
    return None if re.search(r"^\s*pool\s", text, re.MULTILINE) else _words(r"^\s*server\s+(\S+)", text)


def extra_hosts(stock: Stock) -> dict[str, list[str]]:
    """Lines of /etc/hosts beyond the loopback, multicast and the host itself."""
    found: dict[str, list[str]] = {}
    own = {entry["address"].partition("/")[0] for entry in stock.facts["addresses"]}
    for line in stock.texts.get(HOSTS, "").splitlines():
        address, *names = line.partition("#")[0].split() or [""]
        if _is_other(address) and address not in own:
            found.setdefault(address, []).extend(names)
    return found


def postgresql(name: str) -> Callable[[Stock], Any]:
    """A parameter of Debian's cluster."""
    return lambda stock: parameters(stock).get(name)


def max_connections(stock: Stock) -> int | None:
    """A number, in a file of texts."""
    found = parameters(stock).get("max_connections", "")
    return int(found) if found.isdigit() else None


def parameters(stock: Stock) -> dict[str, str]:
    """What postgresql.conf sets."""
    lines = re.findall(r"^\s*([a-z_]+)\s*=?\s*('[^']*'|[^\s#]+)", stock.texts.get(POSTGRESQL, ""), re.MULTILINE)
    return {name: value.strip("'") for name, value in lines}


def free_parameters(stock: Stock) -> dict[str, str]:
    """Those that have no field of their own, and in which no password can stand."""
    own = PACKAGED | set(PostgreSQLSettings.model_fields)
    found = sorted(parameters(stock).items())
    return {name: value for name, value in found if name not in own and not MAY_BE_SECRET.search(name)}


def number(path: str, pattern: str) -> Callable[[Stock], int | None]:
    """The one number that `pattern` finds in a file."""

    def told(stock: Stock) -> int | None:
        found = _words(pattern, stock.texts.get(path, ""))
        return int(found[0]) if len(found) == 1 else None

    return told


def forwarding(stock: Stock) -> bool | None:
    """Only what the setting means: to the host's own side."""
    return True if "allowtcpforwarding local" in stock.told.get("sshd", "").splitlines() else None


def eviction(stock: Stock) -> str | None:
    """Which keys go."""
    found = _words(r"^maxmemory-policy\s+(\S+)", stock.texts.get(REDIS, ""))
    return found[0] if len(found) == 1 else None


FIELDS: Sequence[Field] = (
    Field("im:time", "servers", TimeSettings, (), time_servers),
    Field("im:system", "extra_hosts", SystemSettings, (), extra_hosts),
    Field("im:system", "journal_max_mb", SystemSettings, (), number(JOURNAL, r"^SystemMaxUse=(\d+)M$")),
    Field("im:system", "journal_days", SystemSettings, (), number(JOURNAL, r"^MaxRetentionSec=(\d+)day$")),
    Field("im:ssh", "forwarding", SSHSettings, (), forwarding),
    Field("im:haproxy", "max_connections", HAProxySettings, ("load_balancer",), number(HAPROXY, MAXCONN)),
    Field("im:redis", "memory_megabytes", RedisSettings, ("cache",), number(REDIS, r"^maxmemory\s+(\d+)mb$")),
    Field("im:redis", "eviction", RedisSettings, ("cache",), eviction),
    Field("im:redis", "max_connections", RedisSettings, ("cache",), number(REDIS, r"^maxclients\s+(\d+)$")),
    Field("im:postgresql", "max_connections", PostgreSQLSettings, ("database",), max_connections),
    *(
        Field("im:postgresql", name, PostgreSQLSettings, ("database",), postgresql(name))
        for name in ("shared_buffers", "effective_cache_size", "work_mem", "maintenance_work_mem")
    ),
    Field("im:postgresql", "parameters", PostgreSQLSettings, ("database",), free_parameters),
)


def _agreed(field: Field, config: Mapping[str, Any], stocks: Mapping[str, Stock]) -> Any:
    roles = config.get("im:roles", {})
    hosts = {host for role in field.roles for host in roles.get(role, ())} if field.roles else set(stocks)
    told = [field.told(stock) for host, stock in stocks.items() if host in hosts]
    return told[0] if told and all(value == told[0] for value in told) else None


def _default(field: Field) -> Any:
    return field.model.model_fields[field.name].get_default(call_default_factory=True)


def _fits(field: Field, value: Any) -> bool:
    try:
        field.model.model_validate({field.name: value})
    except pydantic.ValidationError:
        return False
    return True


def _is_administrator(keys: Sequence[str]) -> bool:
    try:
        Administrator(keys=tuple(keys))
    except pydantic.ValidationError:
        return False
    return True


def _words(pattern: str, text: str) -> list[str]:
    return re.findall(pattern, text, re.MULTILINE)


def _is_other(text: str) -> bool:
    try:
        address = ip_address(text)
    except ValueError:
        return False
    return not (address.is_loopback or address.is_multicast or address.is_link_local)
