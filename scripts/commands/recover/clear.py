"""What `scripts/recover` changes: the lock is taken away, and the state forgets what was under way."""

import os
import socket
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from commands.recover import RecoverError, locks
from commands.recover.engine import Engine, reason


def unlock(engine: Engine) -> None:
    """Whoever holds it."""
    engine.cancel()
    print(f"{engine.stack}: the lock is taken away")


def keep(folder: Path, stack: str, state: str, what: str = "the state as it was") -> Path:
    """The path of a new file with `state`, for the operator's eyes only."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{stack}-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}.json"
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(state)
    print(f"{stack}: {what}: {path}")
    return path


def unlock_by_refusal(engine: Engine, copy: Path, ended: Sequence[str]) -> None:
    """Where the engine names a lock only to who wants to write; `ended` are machines whose runs have ended."""
    held = locks.in_text(engine.put(copy).stderr)
    for lock in held:
        print(f"{engine.stack}: locked by {lock}")
    locks.refuse_living(engine.stack, held, socket.gethostname(), ended)
    if held:
        unlock(engine)


def forget(engine: Engine, copy: Path) -> None:
    """Gives the backend back its state, from which the engine leaves out what was under way."""
    done = engine.put(copy)
    if done.returncode:
        raise RecoverError(f"{engine.stack}: what was under way is not cleared: {reason(done)}")
    print(f"{engine.stack}: nothing is under way any more")
