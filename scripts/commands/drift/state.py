"""What is declared, from the state of a stack: the engine's, or else what `scripts/apply` saved. Runs no program."""

import asyncio
import contextlib
import json
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from commands.apply import ApplyError
from commands.apply.saved import Saved, saved_path
from commands.apply.stack_file import as_config, load_config, read_document, stack_path
from commands.drift import DriftError
from onprem.errors import OnPremError
from onprem.inventory import Login, read_hosts

ENGINE_SECONDS = 120
MARK = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - what the engine's checkpoints mark a secret with
SERVICE = "onprem:index:Service"
HOST = "onprem:index:Host"
PROVIDER = "pulumi:providers:onprem"

Inputs = dict[str, Any]


@dataclass(frozen=True)
class Places:
    """Where a stack is looked for: the program, stack files, what `scripts/apply` saved, the command of the engine."""

    program: Path
    stacks: Path
    saved: Path
    engine: Sequence[str] = ()


@dataclass(frozen=True)
class State:
    """The inputs of every service, secrets in clear, and how hosts are reached. `source` is who keeps the state."""

    source: str
    logins: Mapping[str, Login]
    services: tuple[Inputs, ...]
    notes: tuple[str, ...] = ()


@contextlib.asynccontextmanager
async def exporting(stack: str, places: Places, environment: Mapping[str, str]) -> AsyncIterator[Process | None]:
    """The engine, which tells its state meanwhile and is ended if nobody waited for that; None where there is none."""
    if not places.engine:
        yield None
        return
    command = [*places.engine, "stack", "export", "--show-secrets", "--non-interactive", "--stack", stack]
    engine = await asyncio.create_subprocess_exec(
        *command, cwd=places.program, env=environment, stdin=DEVNULL, stdout=PIPE, stderr=PIPE
    )
    try:
        yield engine
    finally:
        with contextlib.suppress(ProcessLookupError):
            engine.kill()
        await engine.wait()


async def load_state(stack: str, places: Places, engine: Process | None) -> State:
    """The engine's state first; raises when nothing is deployed or what is there cannot be read."""
    export, reason = await _exported(engine) if engine else ({}, "")
    try:
        if export:
            return _used(stack, from_export(export))
        saved = saved_path(places.saved, stack)
        if saved.exists():
            notes = (f"the engine's state cannot be had ({reason}); compared with {saved}",) if reason else ()
            return _used(stack, from_saved(stack, places, notes))
    except (ApplyError, OnPremError) as error:
        raise DriftError(f"{stack}: its state cannot be used: {error}") from None
    if reason:
        raise DriftError(f"{stack}: pulumi does not tell its state: {reason}")
    hint = "" if engine else "; pulumi is not on PATH, so only what scripts/apply saved was looked for"
    raise DriftError(f"{stack}: nothing is deployed{hint}")


def from_export(export: Mapping[str, Any]) -> State:
    """The state in the JSON of `pulumi stack export --show-secrets`."""
    deployment = export.get("deployment") or {}
    resources = [each for each in deployment.get("resources") or () if not each.get("delete")]
    used = {each.get("provider") for each in resources if each["type"] in (SERVICE, HOST)}
    providers = [each for each in resources if each["type"] == PROVIDER and f"{each['urn']}::{each['id']}" in used]
    hosts = _plain(providers[-1].get("inputs") or {}).get("hosts", "{}") if providers else "{}"
    services = tuple(_plain(each["inputs"]) for each in resources if each["type"] == SERVICE)
    return State("pulumi", read_hosts(hosts), services, tuple(_pending(deployment.get("pending_operations") or ())))


def from_saved(stack: str, places: Places, notes: tuple[str, ...] = ()) -> State:
    """The state that `scripts/apply` keeps; the hosts are those of the stack file."""
    resources = Saved(saved_path(places.saved, stack)).resources
    hosts = load_config(stack, places.stacks).get("onprem:hosts", "{}")
    services = tuple(dict(each.inputs) for urn, each in resources.items() if _type(urn) == SERVICE)
    return State("scripts/apply", read_hosts(hosts), services, notes)


def expected_logins(stack: str, places: Places) -> Mapping[str, Login]:
    """The hosts of the stack file: most likely those of the state. None when it cannot be read."""
    try:
        config = read_document(stack_path(stack, places.stacks)).get("config") or {}
        return read_hosts(as_config(config).get("onprem:hosts", "{}"))
    except (ApplyError, OnPremError):
        return {}


def _used(stack: str, state: State) -> State:
    """`state` when there is something in it to compare."""
    if not state.services:
        raise DriftError(f"{stack}: its state has no service on any host; deploy it first")
    return state


async def _exported(engine: Process) -> tuple[dict[str, Any], str]:
    """What the engine has of the stack, nothing when it has no resources; or why it does not tell."""
    try:
        out, errors = await asyncio.wait_for(engine.communicate(), ENGINE_SECONDS)
    except TimeoutError:
        return {}, f"no answer within {ENGINE_SECONDS} s"
    if engine.returncode:
        lines = errors.decode(errors="replace").splitlines()
        said = [line.removeprefix("error: ").strip() for line in lines if line.strip()]
        unknown = any(line.startswith("no stack named") for line in said)
        return {}, "" if unknown else " ".join(said) or f"it ended with status {engine.returncode}"
    try:
        export: dict[str, Any] = json.loads(out)
    except ValueError:
        return {}, "what it exports is not JSON"
    return (export if (export.get("deployment") or {}).get("resources") else {}), ""


def _pending(operations: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    """An interrupted run may have changed a host without the state knowing."""
    for operation in operations:
        name = operation["resource"]["urn"].rsplit("::", 1)[-1]
        yield f"{name}: a run that was interrupted, or is under way, is {operation['type']} it; the state may be behind"


def _plain(value: Any) -> Any:
    """Secrets in clear, without their wrapping."""
    if isinstance(value, dict):
        if value.get(MARK) == SECRET:
            return _plain(json.loads(value["plaintext"]))
        return {name: _plain(item) for name, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _type(urn: str) -> str:
    """A type in a URN is preceded by those of its parents: `im:a:B$onprem:index:Service`."""
    return urn.split("::")[2].rsplit("$", 1)[-1]
