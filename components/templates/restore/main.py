# managed by Pulumi; edit components/templates/restore/main.py
"""Restores of PostgreSQL from a copy offsite: test [TIME[_COPY]] | clean, and the steps of a restore after a disaster.

`test` restores into a scratch instance and writes a report; TIME is a moment as in 2026-11-26T03:30:00Z, or `newest`;
COPY is one, too: of the copies offsite the newest that was made by then is taken.
`clean` takes away what a test that was killed has left. The other orders are those of `disaster.py`; `scripts/restore`
gives them.
"""

import fcntl
import json
import os
import sys
from pathlib import Path
from typing import Any

from . import disaster, scratch, trial
from .errors import RestoreError

SETTINGS = Path("/etc/im-restore/restore.json")
LOCK = Path("/run/im-restore.lock")


def main(order: str, *words: str) -> None:
    os.umask(0o077)
    settings: dict[str, Any] = json.loads(SETTINGS.read_text())
    with LOCK.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RestoreError("another restore is at work on this host; wait for that one to end") from None
        orders = {"clean": lambda _: scratch.remove(), "test": trial.run, **disaster.ORDERS}
        orders[order](settings, *words)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except RestoreError as error:
        sys.exit(str(error))
