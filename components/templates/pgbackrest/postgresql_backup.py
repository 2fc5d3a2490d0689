#!/usr/bin/python3 -I
# managed by Pulumi; edit components/templates/pgbackrest/postgresql_backup.py
"""Backs PostgreSQL up: run full|incr STANZA CA MEMBER…, then tell STANZA FILE, which leaves figures for monitoring."""

import json
import os
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

FIGURE = "im_postgresql_backup_seconds"
"""When the newest good one ended, as Unix time; its age is `time()` less that."""


def is_replica(member: str, context: ssl.SSLContext) -> bool:
    """Patroni says yes only to a replica that runs."""
    try:
        with urllib.request.urlopen(f"{member}/replica", timeout=5, context=context):  # noqa: S310 - https, declared
            return True
    except (OSError, urllib.error.URLError):
        return False


def run(kind: str, stanza: str, ca: str, *members: str) -> None:
    context = ssl.create_default_context(cafile=ca)
    standby = any([is_replica(member, context) for member in members])
    source = "--backup-standby" if standby else "--no-backup-standby"
    os.chdir("/")
    os.execvp("pgbackrest", ["pgbackrest", f"--stanza={stanza}", f"--type={kind}", source, "backup"])  # noqa: S606, S607


def tell(stanza: str, file: str) -> None:
    """Nothing is told without a good backup: what monitoring knows then only grows older."""
    command = ["runuser", "-u", "postgres", "--", "pgbackrest", f"--stanza={stanza}", "--output=json", "info"]
    answer = subprocess.run(command, cwd="/", capture_output=True, text=True, check=False)
    if answer.returncode:
        sys.exit(f"pgBackRest does not tell what it has: {answer.stderr.strip() or answer.stdout.strip()}")
    if text := "".join(figures(json.loads(answer.stdout))):
        written = Path(f"{file}.new")
        written.write_text(text)
        written.rename(file)


def figures(stanzas: list[dict[str, Any]]) -> Iterator[str]:
    good = [each for stanza in stanzas for each in stanza["backup"] if not each["error"]]
    for kind, found in (("any", good), ("full", [each for each in good if each["type"] == "full"])):
        if found:
            labels = "{" + f'kind="{kind}"' + "}"
            yield f"{FIGURE}{labels} {max(each['timestamp']['stop'] for each in found)}\n"


if __name__ == "__main__":
    orders: dict[str, Callable[..., None]] = {"run": run, "tell": tell}
    orders[sys.argv[1]](*sys.argv[2:])
