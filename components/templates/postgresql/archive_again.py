#!/usr/bin/python3 -I
# managed by Pulumi; edit components/templates/postgresql/archive_again.py
"""A new primary sends again what the old one may not have sent of the log: archive-again DATA ACTION ROLE CLUSTER

Patroni calls it whenever a member's role changes. Sending is the primary's work, so a replica marks each piece that it
has as done; but a primary that died may not have sent it, and the log in the repository would be broken there.
pgBackRest knows the pieces that it has already, and keeps each once.
"""

import re
import sys
from pathlib import Path

PRIMARY = ("master", "primary")
PIECE = re.compile(r"[0-9A-F]{24}\.done")


def main(data: str, role: str) -> None:
    if role not in PRIMARY:
        return
    log = Path(data, "pg_wal")
    for mark in (log / "archive_status").glob("*.done"):
        if PIECE.fullmatch(mark.name) and (log / mark.stem).exists():
            mark.rename(mark.with_suffix(".ready"))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[3])
