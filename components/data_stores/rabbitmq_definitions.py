"""What is inside RabbitMQ: permissions, limits and queues."""

import json
from typing import Any

from components.data_stores.rabbitmq_settings import USER, QueueSettings, RabbitMQSettings

VHOST = "im"


def definitions(settings: RabbitMQSettings) -> dict[str, Any]:
    """Permissions, limits and queues, as RabbitMQ imports them."""
    policy = {"delivery-limit": settings.delivery_limit}
    return {
        "permissions": [{"user": USER, "vhost": VHOST, "configure": ".*", "write": ".*", "read": ".*"}],
        "policies": [
            {
                "vhost": VHOST,
                "name": "limits",
                "pattern": ".*",
                "apply-to": "queues",
                "definition": policy,
                "priority": 0,
            }
        ],
        "queues": [queue(name, settings.queues[name]) for name in sorted(settings.queues)],
    }


def queue(name: str, settings: QueueSettings) -> dict[str, Any]:
    """A quorum queue that refuses what it cannot hold."""
    arguments = {
        "x-queue-type": "quorum",
        "x-max-length": settings.max_length,
        "x-overflow": "reject-publish",
    }
    return {"name": name, "vhost": VHOST, "durable": True, "auto_delete": False, "arguments": arguments}


def lines(settings: RabbitMQSettings) -> list[str]:
    """As `rabbitmq-order show` prints them on the host."""
    declared = definitions(settings)
    return [
        f"vhost {VHOST}: quorum",
        f"user {USER}: login works",
        *(f"permissions: {json.dumps(permission, sort_keys=True)}" for permission in declared["permissions"]),
        *(f"policy: {json.dumps(policy, sort_keys=True)}" for policy in declared["policies"]),
        *(f"queue: {json.dumps(queue, sort_keys=True)}" for queue in declared["queues"]),
    ]
