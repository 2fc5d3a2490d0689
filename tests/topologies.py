"""The shapes of deployment that must work, as configuration: `dev` from its stack file, the others made here."""

import functools
from collections.abc import Mapping
from typing import Any

from tests.recording import Program, as_config, config_of, run

TEST: Mapping[str, Any] = {
    "onprem:hosts": {
        "im1": {"address": "192.0.2.11", "address6": "2001:db8::11"},
        "im2": {"address": "192.0.2.12", "address6": "2001:db8::12"},
        "vote1": {"address": "192.0.2.13"},
    },
    "im:domain": "chat.test.example.org",
    "im:roles": {
        **dict.fromkeys(("load_balancer", "im", "database", "queue", "cache"), ["im1", "im2"]),
        "witness": ["vote1"],
    },
    "im:administrators": {"networks": ["198.51.100.0/24", "2001:db8:1::/48"]},
}
PROD: Mapping[str, Any] = {
    "onprem:hosts": {
        name: {"address": f"192.0.2.{number}", "user": "operator"}
        for number, name in enumerate(
            ("lb1", "lb2", "im1", "im2", "db1", "db2", "db3", "mq1", "mq2", "mq3", "ca1", "op1"), start=21
        )
    },
    "im:domain": "chat.example.org",
    "im:roles": {
        "load_balancer": ["lb1", "lb2"],
        "im": ["im1", "im2"],
        "database": ["db1", "db2", "db3"],
        "queue": ["mq1", "mq2", "mq3"],
        "cache": ["ca1"],
        "operations": ["op1"],
    },
    "im:administrators": {"networks": ["198.51.100.0/24"]},
    "im:size": "medium",
    "im:protect": True,
}
PACKAGE: Mapping[str, Any] = {
    **TEST,
    "im:im": {"kind": "package"},
    "im:package": {
        "name": "chat",
        "version": "1.0",
        "source": "/srv/chat-1.0.tar.gz",
        "sha256": "0" * 64,
        "health": "./bin/health",
        "units": ["chat.service"],
        "runtimes": ["java"],
    },
}
TOPOLOGIES: tuple[str, ...] = ("dev", "test", "prod", "package")


def config(topology: str) -> dict[str, str]:
    """The configuration of one of `TOPOLOGIES`."""
    made = {"test": TEST, "prod": PROD, "package": PACKAGE}
    return as_config(made[topology]) if topology in made else config_of(topology)


@functools.cache
def recorded(topology: str) -> Program:
    """The program of a topology. It is never changed, so that tests share it."""
    return run(config(topology), topology)
