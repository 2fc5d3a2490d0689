#!/usr/bin/python3 -I
# managed by Pulumi; edit components/templates/rabbitmq/rabbitmq_definitions.py
"""The users, permissions, limits and declared queues of RabbitMQ: show | apply."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

DECLARED = Path("/etc/rabbitmq/im.json")
KINDS = {"permissions": "permissions", "policies": "policy", "queues": "queue"}

declared = json.loads(DECLARED.read_text())
VHOST = declared["permissions"][0]["vhost"]
USER = declared["permissions"][0]["user"]


def rabbitmqctl(*arguments: str) -> str:
    answer = subprocess.run(["rabbitmqctl", "-q", *arguments], capture_output=True, text=True, check=False)
    if answer.returncode:
        sys.exit(f"rabbitmqctl {' '.join(arguments)}: {(answer.stderr or answer.stdout).strip()}")
    return answer.stdout


def live() -> dict[str, Any]:
    return dict(json.loads(rabbitmqctl("export_definitions", "-")))


def users(definitions: dict[str, Any]) -> list[str]:
    return sorted(user["name"] for user in definitions["users"])


def queue_types(definitions: dict[str, Any]) -> list[str]:
    """Of our vhost, a list of one: the type of queues whose client asks for none."""
    ours = [vhost for vhost in definitions["vhosts"] if vhost["name"] == VHOST]
    return [vhost.get("default_queue_type", vhost.get("metadata", {}).get("default_queue_type")) for vhost in ours]


def same_fields(found: dict[str, Any], like: dict[str, Any]) -> dict[str, Any]:
    return {field: found.get(field) for field in like}


def show() -> None:
    """Queues that others made are theirs; in our vhost, all permissions and policies are ours."""
    definitions = live()
    for kind in queue_types(definitions):
        print(f"vhost {VHOST}: {kind}")
    for user in users(definitions):
        print(f"user {user}")
    names = {queue["name"] for queue in declared["queues"]}
    for key, word in KINDS.items():
        ours = [
            item for item in definitions[key] if item["vhost"] == VHOST and (key != "queues" or item["name"] in names)
        ]
        for item in sorted(ours, key=lambda item: item.get("name", item.get("user"))):
            print(f"{word}: {json.dumps(same_fields(item, declared[key][0]), sort_keys=True)}")


def apply() -> None:
    definitions = live()
    if not queue_types(definitions):
        rabbitmqctl("add_vhost", VHOST, "--default-queue-type", "quorum")
    for user in users(definitions):
        if user != USER:
            rabbitmqctl("delete_user", user)
    for policy in definitions["policies"]:
        if policy["vhost"] == VHOST and policy["name"] not in {item["name"] for item in declared["policies"]}:
            rabbitmqctl("clear_policy", "-p", VHOST, policy["name"])
    rabbitmqctl("import_definitions", str(DECLARED))


if __name__ == "__main__":
    {"show": show, "apply": apply}[sys.argv[1]]()
