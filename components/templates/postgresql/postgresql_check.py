#!/usr/bin/python3 -I
# managed by Pulumi; edit components/templates/postgresql/postgresql_check.py
"""Whether PostgreSQL takes the parameters of a file for Patroni: postgresql-check FILE"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

POSTGRES = "/usr/lib/postgresql/15/bin/postgres"
BLOCK = 8192
LARGEST_SHARE = 0.75


def parameters(settings: dict[str, Any]) -> dict[str, Any]:
    founding = settings.get("bootstrap", {}).get("dcs", {})
    return dict((settings if "scope" in settings else founding).get("postgresql", {}).get("parameters", {}))


def shared_buffers(given: dict[str, Any]) -> int:
    """In bytes. PostgreSQL reads every parameter before it prints this one, and names the one it refuses."""
    options = [part for name, value in given.items() for part in ("-c", f"{name}={value}")]
    command = [POSTGRES, "-C", "shared_buffers", "-D", "/", "--config-file=/dev/null", *options]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode:
        sys.exit(f"PostgreSQL refuses the parameters: {answer.stderr.strip()}")
    return int(answer.stdout) * BLOCK


def memory() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def check(file: Path) -> None:
    needed = shared_buffers(parameters(yaml.safe_load(file.read_text())))
    if needed > memory() * LARGEST_SHARE:
        sys.exit(f"shared_buffers is {needed >> 20} MB, this host has {memory() >> 20} MB in all; a quarter is usual")


if __name__ == "__main__":
    check(Path(sys.argv[1]))
