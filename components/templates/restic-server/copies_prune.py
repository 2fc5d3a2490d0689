#!/usr/bin/python3 -I
# managed by Pulumi; edit components/templates/restic-server/copies_prune.py
"""Removes old copies from the repositories of all hosts: copies-prune STORE DAYS

Ages are counted by this machine's clock, and not from the newest copy as restic's own rules do: a host that was taken
over could otherwise have all that is good removed, by one copy with a date in the future.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

WHOLE = timedelta(days=1)
"""Copies of the last day all stay, of those before one an hour."""
TOLERANCE = timedelta(hours=1)
"""How far a host's clock may be ahead."""
TRIES, PAUSE_SECONDS = 60, 5


def main(store: str, days: str) -> None:
    keys = Path(os.environ["CREDENTIALS_DIRECTORY"])
    found = sorted(folder for folder in Path(store).iterdir() if (folder / "config").exists())
    wrong = [text for folder in found for text in pruned(folder, keys / f"keys_{folder.name}", int(days))]
    if wrong:
        sys.exit("\n".join(wrong))


def pruned(folder: Path, key: Path, days: int) -> Iterator[str]:
    """Yields what went wrong, or looks wrong."""
    answer = restic(folder, key, "snapshots", "--json")
    if answer.returncode:
        yield f"{folder}: cannot be read: {answer.stderr.strip()}"
        return
    snapshots, now = json.loads(answer.stdout), datetime.now().astimezone()
    for each in snapshots:
        if when(each) > now + TOLERANCE:
            yield f"{folder}: copy {each['short_id']} is of the future ({each['time']}); look at the host it came from"
    if gone := [each["short_id"] for each in old(snapshots, now, timedelta(days=days))]:
        answer = forgotten(folder, key, gone)
        if answer.returncode:
            yield f"{folder}: old copies cannot be removed: {answer.stderr.strip()}"


def forgotten(folder: Path, key: Path, gone: list[str]) -> "subprocess.CompletedProcess[str]":
    """Waits for its turn: a copy that is being made holds the lock. One left by a host that died is taken away."""
    for _ in range(TRIES):
        restic(folder, key, "unlock")
        answer = restic(folder, key, "forget", "--prune", *gone)
        if "already locked" not in answer.stderr:
            break
        time.sleep(PAUSE_SECONDS)
    return answer


def old(snapshots: Iterable[dict[str, Any]], now: datetime, kept: timedelta) -> Iterator[dict[str, Any]]:
    """Those past their time, and all but the last of each hour. The newest of a set always stays."""
    sets: set[str] = set()
    hours: set[tuple[str, datetime]] = set()
    for each in sorted(snapshots, key=when, reverse=True):
        age, name = now - when(each), set_of(each)
        hour = (name, when(each).replace(minute=0, second=0, microsecond=0))
        if (age > kept and name in sets) or (age > WHOLE and hour in hours):
            yield each
        sets.add(name)
        hours.add(hour)


def set_of(snapshot: dict[str, Any]) -> str:
    """Its tag that is a name; others say what the copy holds."""
    return next((tag for tag in snapshot.get("tags") or () if "=" not in tag), "")


def when(snapshot: dict[str, Any]) -> datetime:
    """restic writes nanoseconds, which not every Python reads."""
    head, _, rest = snapshot["time"].partition(".")
    return datetime.fromisoformat((head + rest.lstrip("0123456789")).replace("Z", "+00:00"))


def restic(folder: Path, key: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = ["restic", "--repo", str(folder), "--password-file", str(key), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
