#!/usr/bin/python3 -I
# managed by Pulumi; edit components/templates/rabbitmq/rabbitmq_order.py
"""Users, permissions, limits and queues of RabbitMQ, and whether it serves.

show [OTHER USER…] | apply [OTHER USER…] | healthy PORT. Other users are left alone.
"""

import base64
import hashlib
import hmac
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

DECLARED = Path("/etc/rabbitmq/im.json")
PASSWORD = Path("/etc/rabbitmq/im.password")
KINDS = {"permissions": "permissions", "policies": "policy", "queues": "queue"}

VHOST = "im"
USER = "im"
NOT_REACHED = 69
"""Of sysexits.h: rabbitmqctl had no connection, so nothing was done."""
TIMES = 3
ADVICE = "Most common reasons"
"""What begins like this names possible causes and the state of the node, at length."""


def declared() -> dict[str, Any]:
    return dict(json.loads(DECLARED.read_text()))


def rabbitmqctl(*arguments: str, stdin: str = "") -> str:
    """Tried again without a connection: on a busy host its TLS may take longer than Erlang waits."""
    command = ["rabbitmqctl", "-q", *arguments]
    for _ in range(TIMES):
        answer = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)
        if answer.returncode != NOT_REACHED:
            break
    if answer.returncode:
        said = (answer.stderr or answer.stdout).partition(ADVICE)[0]
        sys.exit(f"rabbitmqctl {' '.join(arguments)}: {said.strip()}")
    return answer.stdout


def live() -> dict[str, Any]:
    return dict(json.loads(rabbitmqctl("export_definitions", "-")))


def users(definitions: dict[str, Any], others: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    found = sorted(definitions["users"], key=lambda user: str(user["name"]))
    return {user["name"]: user for user in found if user["name"] not in others}


def state(user: dict[str, Any]) -> str:
    """`login works` for ours. The stored hash is four bytes of salt and the SHA-256 of salt and password."""
    if user["name"] != USER:
        return "not declared"
    if user["tags"]:
        return "with tags that are not declared"
    stored = base64.b64decode(user["password_hash"])
    made = hashlib.sha256(stored[:4] + PASSWORD.read_text().strip().encode()).digest()
    return "login works" if hmac.compare_digest(stored[4:], made) else "login is refused"


def queue_types(definitions: dict[str, Any]) -> list[str]:
    """Of our vhost, a list of one: the type of queues whose client asks for none."""
    ours = [vhost for vhost in definitions["vhosts"] if vhost["name"] == VHOST]
    return [vhost.get("default_queue_type", vhost.get("metadata", {}).get("default_queue_type")) for vhost in ours]


def same_fields(found: dict[str, Any], like: dict[str, Any]) -> dict[str, Any]:
    return {field: found.get(field) for field in like}


def show(*others: str) -> None:
    """Queues that others made are theirs; in our vhost, all permissions and policies are ours."""
    definitions = live()
    for kind in queue_types(definitions):
        print(f"vhost {VHOST}: {kind}")
    for name, user in users(definitions, others).items():
        print(f"user {name}: {state(user)}")
    wanted = declared()
    names = {queue["name"] for queue in wanted["queues"]}
    for key, word in KINDS.items():
        ours = [
            item for item in definitions[key] if item["vhost"] == VHOST and (key != "queues" or item["name"] in names)
        ]
        for item in sorted(ours, key=lambda item: str(item.get("name", item.get("user")))):
            print(f"{word}: {json.dumps(same_fields(item, wanted[key][0]), sort_keys=True)}")


def set_user(exists: bool) -> None:
    rabbitmqctl("change_password" if exists else "add_user", USER, stdin=PASSWORD.read_text())
    rabbitmqctl("set_user_tags", USER)


def apply(*others: str) -> None:
    definitions = live()
    policies = {policy["name"] for policy in declared()["policies"]}
    if not queue_types(definitions):
        rabbitmqctl("add_vhost", VHOST, "--default-queue-type", "quorum")
    known = set(users(definitions, others))
    set_user(USER in known)
    for name in known - {USER}:
        rabbitmqctl("delete_user", name)
    for policy in definitions["policies"]:
        if policy["vhost"] == VHOST and policy["name"] not in policies:
            rabbitmqctl("clear_policy", "-p", VHOST, policy["name"])
    rabbitmqctl("import_definitions", str(DECLARED))


def healthy(port: str) -> None:
    """A member without a majority answers, too, but has closed its listener."""
    status = json.loads(rabbitmqctl("status", "--formatter", "json"))
    if int(port) not in [listener["port"] for listener in status["listeners"]]:
        sys.exit(f"RabbitMQ does not listen on port {port}")
    if status["alarms"]:
        sys.exit(f"RabbitMQ makes publishers wait: {json.dumps(status['alarms'])}")


ORDERS: dict[str, Callable[..., None]] = {"show": show, "apply": apply, "healthy": healthy}

if __name__ == "__main__":
    ORDERS[sys.argv[1]](*sys.argv[2:])
