"""Deploys a stack to its lab hosts, by the engine or without it."""

import json
import os
from pathlib import Path

from commands.quickstart.engine import Engine
from commands.quickstart.programs import follow


def with_engine(root: Path, stack: str, engine: Engine) -> None:
    """`pulumi up`; a stack that is as declared stays as it is."""
    drop_dead_locks(root / ".lab" / stack / "state")
    for command in (
        ["pulumi", "stack", "select", "--create", stack],
        ["pulumi", "up", "--yes", "--skip-preview", "--stack", stack],
    ):
        in_lab(root, stack, command, engine)


def without_engine(root: Path, stack: str) -> None:
    """`scripts/apply`."""
    in_lab(root, stack, ["scripts/apply", stack], None)


def in_lab(root: Path, stack: str, command: list[str], engine: Engine | None) -> None:
    """Runs `command` inside the lab's network."""
    follow(["scripts/lab", "run", stack, "--", *command], root, engine.environment if engine else {})


def was_without_engine(root: Path, stack: str) -> bool:
    """Whether the stack's passwords and keys are those of `scripts/apply`; the engine would make others."""
    state = root / ".lab" / stack / "state" / ".pulumi" / "stacks" / "im" / f"{stack}.json"
    return (root / ".apply" / f"{stack}.json").exists() and not state.exists()


def drop_dead_locks(state: Path) -> None:
    """A run that was killed leaves its lock in a file backend; it goes once its process is gone."""
    for lock in state.glob(".pulumi/locks/**/*.json"):
        if not _alive(int(json.loads(lock.read_text())["pid"])):
            lock.unlink()
            lock.with_name(f"{lock.name}.attrs").unlink(missing_ok=True)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
