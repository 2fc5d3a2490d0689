"""What all members of PostgreSQL share: Patroni keeps it in etcd, and `patroni-order` on the host shows it."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from components.data_stores.postgresql_settings import PostgreSQLSettings

LOOP_SECONDS = 2
SILENT_REPLICA_SECONDS = 2
"""While the synchronous replica is silent all writes wait, and logins behind them: at most for the sum of these two."""


def cluster_settings(own: PostgreSQLSettings, archiving: Mapping[str, Any]) -> dict[str, Any]:
    """As little as can be: the rest is in patroni.yml, where a rollback reaches it."""
    return {
        "ttl": own.failover_seconds,
        "loop_wait": LOOP_SECONDS,
        "retry_timeout": own.failover_seconds // 4,
        "maximum_lag_on_failover": 1048576,
        "synchronous_mode": True,
        "failsafe_mode": True,
        "check_timeline": True,
        "postgresql": {
            "use_pg_rewind": True,
            "use_slots": True,
            "parameters": {
                "max_connections": own.max_connections,
                "wal_log_hints": "on",
                "wal_sender_timeout": f"{SILENT_REPLICA_SECONDS}s",
                "wal_receiver_timeout": "5s",
                **archiving,
            },
        },
    }


def as_yaml(settings: Mapping[str, Any]) -> str:
    """YAML in the order given."""
    return yaml.safe_dump(dict(settings), sort_keys=False).rstrip()


def lines(settings: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """As `patroni-order settings` prints them on the host."""
    for name, value in sorted(settings.items()):
        if isinstance(value, Mapping):
            yield from lines(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}: {json.dumps(value)}"
