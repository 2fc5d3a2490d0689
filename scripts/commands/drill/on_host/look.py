"""What a lab host is at this moment, as one JSON document: `look ADDRESS [health]`; ADDRESS is the clients' one."""

import http.client
import json
import pathlib
import re
import socket
import subprocess
import sys

EJABBERD = "/run/ejabberd/api.sock"
MANIFESTS = pathlib.Path("/var/lib/onprem/services")
DATABASE = "select not pg_is_in_recovery(), (select count(*) from pg_stat_replication where sync_state = 'sync')"
PSQL = ["psql", "-XqAt", "-h", "/var/run/postgresql", "-U", "postgres", "-c", DATABASE]
HEALTH_SECONDS = 30


class Connection(http.client.HTTPConnection):
    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(5)
        self.sock.connect(EJABBERD)


def output(argv: list[str], user: str | None = None) -> str:
    try:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=5, user=user)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""


def database() -> tuple[bool, int]:
    """Whether it takes writes, and how many synchronous standbys it has."""
    found = output(PSQL, user="postgres") if pathlib.Path("/etc/patroni/im").is_dir() else ""
    is_primary, _, standbys = found.strip().partition("|")
    return is_primary == "t", int(standbys or 0)


def nodes() -> list[str]:
    """The IM servers that this one is together with."""
    try:
        connection = Connection("localhost")
        connection.request("POST", "/api/mnesia_info", "{}", {"Content-Type": "application/json"})
        info = connection.getresponse().read().decode()
    except OSError:
        return []
    found = re.search(r"\{running_db_nodes,\s*\[(.*?)\]", info, re.DOTALL)
    return sorted(set(re.findall(r"ejabberd@[0-9a-z.:-]+", found.group(1)))) if found else []


def unhealthy() -> list[str]:
    """The services whose own check fails, as they were declared."""
    commands = {path.parent.name: health(path) for path in sorted(MANIFESTS.glob("*/manifest.json"))}
    return [name for name, command in commands.items() if command and not passes(command)]


def health(manifest: pathlib.Path) -> str:
    return str((json.loads(manifest.read_text())["declared"].get("healthy") or {}).get("command", ""))


def passes(command: str) -> bool:
    try:
        return subprocess.run(
            ["sh", "-c", command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=HEALTH_SECONDS,
        ).returncode == 0  # fmt: skip
    except subprocess.TimeoutExpired:
        return False


def main(address: str, *words: str) -> None:
    is_primary, standbys = database()
    found = {
        "primary": is_primary,
        "standbys": standbys,
        "nodes": nodes(),
        "holder": address in output(["ip", "-o", "address", "show"]),
        "cache": output(["/usr/local/lib/im/redis-ask", "ROLE"]).startswith("master"),
        "unhealthy": unhealthy() if words else [],
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
