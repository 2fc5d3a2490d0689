"""Steps: what they print, in which order they come, and the act that makes one print what is wanted."""

from __future__ import annotations

from collections.abc import Mapping

from .change import Change
from .commands import Commands, Output
from .declaration import Declaration, Step
from .errors import AgentError

READ_SECONDS = 60


def in_order(steps: Mapping[str, Step]) -> list[Step]:
    """Each after those it names; raises on a cycle, an unknown name, or one that comes in a later phase."""
    done: list[str] = []
    for name in steps:
        _visit(steps, name, done, ())
    return [steps[name] for name in done]


def _visit(steps: Mapping[str, Step], name: str, done: list[str], above: tuple[str, ...]) -> None:
    if name in done:
        return
    if name in above:
        raise AgentError(f"steps wait for each other: {' after '.join((*above, name))}")
    for other in steps[name].after:
        if other not in steps:
            raise AgentError(f"step {name} comes after {other}, and there is no step of that name")
        if steps[name].when == "before_start" and steps[other].when != "before_start":
            raise AgentError(f"step {name} runs before the start and so cannot come after {other}")
        _visit(steps, other, done, (*above, name))
    done.append(name)


def read(commands: Commands, declared: Declaration, step: Step) -> Output:
    """Runs `read`. When it fails, the step has no state."""
    command = declared.command(step.read, f"read of step {step.name}")
    return commands.shell(command, seconds=min(step.seconds, READ_SECONDS), doing=f"reading {step.name}")


def printed(output: Output) -> str:
    """What a step prints, without trailing newlines. How a `read` failed is never what is wanted."""
    return output.out.rstrip("\n") if output.succeeded else f"(read failed: {output.cause()})"


def wanted(declared: Declaration, step: Step) -> str:
    """What it should print."""
    return declared.names.join(step.want, f"want of step {step.name}").rstrip("\n")


def before_start(change: Change) -> None:
    """Steps that need no running unit."""
    _run(change, "before_start")


def once_healthy(change: Change) -> None:
    """Steps that need the service."""
    _run(change, "healthy")


def _run(change: Change, phase: str) -> None:
    for step in in_order(change.declared.steps):
        if step.when != phase:
            continue
        change.stage(f"step {step.name}")
        change.printed[step.name] = printed(read(change.commands, change.declared, step))
        if change.printed[step.name] != wanted(change.declared, step):
            _act(change, step)


def _act(change: Change, step: Step) -> None:
    declared = change.declared
    change.commands.progress(f"step {step.name}")
    change.log.added("act", step.name)
    command = declared.command(step.act, f"act of step {step.name}")
    stdin = declared.names.join(step.stdin, f"stdin of step {step.name}", secret=True) if step.stdin else None
    output = change.commands.shell(command, stdin=stdin, seconds=step.seconds, doing=f"step {step.name}")
    if not output.succeeded:
        raise AgentError(f"step {step.name}: act failed with {output.cause()}")
    found = change.printed[step.name] = printed(read(change.commands, declared, step))
    if found != wanted(declared, step):
        shown = " / ".join(found.splitlines()[-5:]) or "nothing"
        raise AgentError(f"step {step.name}: after act, read prints {shown!r} and not what is wanted")
