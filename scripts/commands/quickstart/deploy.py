"""Deploys a stack to its lab hosts, by the engine or without it."""

from pathlib import Path

from commands.quickstart.engine import Engine
from commands.quickstart.programs import follow


def with_engine(root: Path, stack: str, engine: Engine) -> None:
    """`pulumi up`, after what a run that was killed has left; a stack that is as declared stays as it is."""
    for command in (
        ["pulumi", "stack", "select", "--create", stack],
        ["scripts/recover", stack],
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
