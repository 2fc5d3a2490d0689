"""The shapes of deployment that must work, as configuration: the stack files, and four made of them."""

import functools
from collections.abc import Mapping
from typing import Any

from tests.recording import Program, as_config, config_of, declared, run

TEST: Mapping[str, Any] = declared("test")
PROD: Mapping[str, Any] = declared("prod")
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
BACKUPS: Mapping[str, Any] = {
    **TEST,
    "onprem:hosts": {**TEST["onprem:hosts"], "far1": {"address": "10.77.9.11"}},
    "im:roles": {**TEST["im:roles"], "offsite": ["far1"]},
    "im:backups": {"enabled": True},
}
BACULA: Mapping[str, Any] = {
    **PROD,
    "onprem:hosts": {**PROD["onprem:hosts"], "far1": {"address": "10.77.9.11"}},
    "im:roles": {**PROD["im:roles"], "offsite": ["far1"]},
    "im:backups": {"enabled": True},
    "im:bacula": {"director": "site-dir"},
    "im:protect": False,
}
MACHINES: Mapping[str, Any] = {
    **{key: value for key, value in PROD.items() if key not in ("im:system", "im:time")},
    "im:size": "medium",
}
"""`prod` as on real machines, which have a kernel, a clock and a size of their own."""
TOPOLOGIES: tuple[str, ...] = ("dev", "test", "prod", "machines", "package", "backups", "bacula")


def config(topology: str) -> dict[str, str]:
    """The configuration of one of `TOPOLOGIES`."""
    made = {"machines": MACHINES, "package": PACKAGE, "backups": BACKUPS, "bacula": BACULA}
    return as_config(made[topology]) if topology in made else config_of(topology)


@functools.cache
def recorded(topology: str) -> Program:
    """The program of a topology. It is never changed, so that tests share it."""
    return run(config(topology), topology)
