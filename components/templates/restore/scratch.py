# managed by Pulumi; edit components/templates/restore/scratch.py
"""The folder in which a restore is tried. It is made anew, and always removed."""

import os
import shutil
import signal
import time
from pathlib import Path

FOLDER = Path("/var/lib/im-restore/scratch")
COPY, DATA, SOCKETS = FOLDER / "copy", FOLDER / "data", FOLDER / "sockets"
END_SECONDS = 60


def make() -> None:
    remove()
    for folder in (FOLDER, COPY, DATA, SOCKETS):
        folder.mkdir(mode=0o700)
        shutil.chown(folder, "postgres", "postgres")


def remove() -> None:
    """What still runs there ends first."""
    if process := running():
        os.kill(process, signal.SIGQUIT)
    deadline = time.monotonic() + END_SECONDS
    while running() and time.monotonic() < deadline:
        time.sleep(0.2)
    if FOLDER.exists():
        shutil.rmtree(FOLDER)


def running() -> int:
    """The number of the PostgreSQL that serves this folder, 0 when none does."""
    file = DATA / "postmaster.pid"
    number = file.read_text().split("\n", 1)[0] if file.exists() else ""
    program = Path("/proc", number, "cmdline") if number.isdecimal() else Path("/nonexistent")
    return int(number) if program.exists() and str(DATA).encode() in program.read_bytes() else 0
