"""`onprem:hosts`: how each host is reached."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from onprem.errors import OnPremError

NAME = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")
ADDRESS = re.compile(r"[A-Za-z0-9:][A-Za-z0-9.:%_-]*")
USER = re.compile(r"[a-z_][a-z0-9_-]*")
HIGHEST_PORT = 65535


@dataclass(frozen=True)
class Login:
    """Where ssh goes for one host. Without `port`, the ssh configuration decides."""

    address: str
    address6: str = ""
    user: str = "root"
    port: int | None = None


def read_hosts(text: str) -> dict[str, Login]:
    """The logins by host name from the JSON text of `onprem:hosts`; raises one error that lists every problem."""
    try:
        hosts = json.loads(text)
    except ValueError as error:
        raise OnPremError(f"onprem:hosts: not JSON ({error}); expected a map of host names") from None
    if not isinstance(hosts, dict):
        raise OnPremError("onprem:hosts: expected a map of host names to {address, address6, user, port}")
    if problems := [problem for name, entry in hosts.items() for problem in _problems(name, entry)]:
        raise OnPremError("\n".join(problems))
    return {name: _login(entry) for name, entry in hosts.items()}


def _login(entry: Mapping[str, Any]) -> Login:
    port = entry.get("port")
    return Login(**{**entry, "port": None if port is None else int(port)})


def _problems(name: str, entry: Any) -> list[str]:
    at = f"onprem:hosts.{name}"
    if not NAME.fullmatch(name):
        return [f"{at}: not a host name; use lower case letters, digits, dots and hyphens"]
    if not isinstance(entry, dict):
        return [f"{at}: expected a map with address, and address6, user and port where needed"]
    known = [field.name for field in fields(Login)]
    found = [f"{at}.{key}: unknown; expected one of {', '.join(known)}" for key in entry if key not in known]
    checks = (("address", ADDRESS, ""), ("address6", ADDRESS, "::"), ("user", USER, "root"))
    for key, pattern, default in checks:
        value = entry.get(key, default) or default
        if not (isinstance(value, str) and pattern.fullmatch(value)):
            found.append(f"{at}.{key}: {value!r} cannot be used; expected {_expected(key)}")
    port = entry.get("port", 22)
    if isinstance(port, bool) or not isinstance(port, int | float) or not 1 <= port <= HIGHEST_PORT:
        found.append(f"{at}.port: {port!r} is no port; expected a number from 1 to {HIGHEST_PORT}")
    return found


def _expected(key: str) -> str:
    return "a login name" if key == "user" else "an IP address or a host name"
