"""One writer per host: a lock that the kernel drops when its holder is gone."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

from .commands import Commands
from .errors import AgentError
from .store import Store, make_private

SECONDS = 900
RETRY_SECONDS = 0.2
PROGRESS_SECONDS = 5


@contextlib.contextmanager
def writing(store: Store, commands: Commands, seconds: float = SECONDS) -> Iterator[None]:
    """Holds the lock; waits for whoever holds it, and names it when the time is up."""
    make_private(store.root)
    descriptor = os.open(store.lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        _wait(descriptor, commands, seconds)
        yield
    finally:
        os.close(descriptor)


def is_held(store: Store) -> bool:
    """Whether somebody writes now."""
    try:
        descriptor = os.open(store.lock, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        return not _take(descriptor, fcntl.LOCK_SH)
    finally:
        os.close(descriptor)


def cut_off(store: Store) -> list[str]:
    """The services with a transaction that nobody works on, and that does not wait for its confirmation."""
    unfinished = store.unfinished()
    return [] if unfinished and (is_held(store) or store.armed.exists()) else unfinished


def _take(descriptor: int, kind: int = fcntl.LOCK_EX) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _wait(descriptor: int, commands: Commands, seconds: float) -> None:
    began = said = time.monotonic()
    while not _take(descriptor):
        now = time.monotonic()
        if now - began > seconds:
            raise AgentError(f"the host is locked by {holder(descriptor)} for {seconds:.0f} s already; try again later")
        if now - said > PROGRESS_SECONDS:
            said = now
            commands.progress(f"waiting for {holder(descriptor)}, {now - began:.0f} s")
        if commands.stoppable:
            commands.ending.wait(RETRY_SECONDS)
        else:
            time.sleep(RETRY_SECONDS)


def holder(descriptor: int) -> str:
    """The process that holds the lock, and where its login comes from if that can be told."""
    inode = os.fstat(descriptor).st_ino
    found = re.search(rf"FLOCK\s+ADVISORY\s+WRITE (\d+) \S+:{inode} ", Path("/proc/locks").read_text())
    if found is None:
        return "another process"
    with contextlib.suppress(OSError):
        environment = Path(f"/proc/{found.group(1)}/environ").read_bytes()
        login = re.search(rb"SSH_CONNECTION=(\S+)", environment)
        if login is not None:
            return f"another change (process {found.group(1)}, from {login.group(1).decode()})"
    return f"another change (process {found.group(1)})"
