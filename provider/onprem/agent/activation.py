"""The stages that make units run as declared and wait until the service serves."""

from __future__ import annotations

import time

from . import units
from .before import UnitBefore
from .change import Change
from .declaration import Unit
from .errors import AgentError

DRAIN_SECONDS = 600
SETTLE_SECONDS = 1.0


def look(change: Change) -> None:
    """How the units are before anything is touched; the rest of the transaction decides by it."""
    for unit in (*change.declared.units, *change.gone_units):
        change.states[unit] = units.state(change.commands, unit)
        change.log.units[unit] = change.states[unit].before


def current(change: Change, unit: str) -> units.State:
    """How a unit is now; nobody asks systemd again while nothing was touched."""
    return units.state(change.commands, unit) if change.log.begun else change.states[unit]


def verb(change: Change, unit: Unit) -> str:
    """start, stop, restart, reload or "": what `unit` needs. A restart wins over a reload."""
    state = current(change, unit.name)
    if not unit.running:
        return "" if state.idle else "stop"
    if not state.active:
        return "start"
    if change.upgraded or change.changed.intersection(unit.restart_on):
        return "restart"
    if change.changed.intersection(_reload_on(change, unit)):
        return "reload" if state.can_reload else "restart"
    return ""


def _reload_on(change: Change, unit: Unit) -> set[str]:
    """With the paths of the last declaration: a file that went away counts too."""
    old = change.previous.units.get(unit.name)
    gone = {path for path in (*old.reload_on, *old.restart_on) if path in change.gone_files} if old else set()
    return gone.union(unit.reload_on)


def before_restart(change: Change) -> None:
    """Drain or hand over, only when a unit of ours that runs will be restarted."""
    command = change.declared.before_restart
    if not command or all(verb(change, unit) != "restart" for unit in change.declared.units.values()):
        return
    change.stage("before_restart")
    change.log.added("act", "before_restart")
    command = change.declared.command(command, "before_restart")
    output = change.commands.shell(command, seconds=DRAIN_SECONDS, doing="before_restart")
    if not output.succeeded:
        raise AgentError(f"before_restart failed: {output.cause()}")


def run_units(change: Change) -> None:
    """Gone ones as before us, the others enabled, stopped, started, restarted or reloaded as they need."""
    for name in change.gone_units:
        _put_back(change, name)
    touched = [unit for unit in change.declared.units.values() if _bring(change, unit)]
    if touched and change.declared.healthy is None:
        time.sleep(SETTLE_SECONDS)
    for unit in touched:
        _refuse_dead(change, unit)


def _put_back(change: Change, name: str) -> None:
    manifest = change.manifest
    before = manifest.before.units.get(name) if manifest else None
    before = before or UnitBefore(active=False, enabled="disabled")
    state = current(change, name)
    if state.before == before or not state.exists:
        return
    change.stage(f"putting back {name}")
    change.log.acting(name, "stop")
    if state.active != before.active:
        action = "start" if before.active else "stop"
        units.act(change.commands, action, name)
    units.put_back_enabled(change.commands, name, before.enabled)


def _bring(change: Change, unit: Unit) -> bool:
    """Whether anything had to be done."""
    state = current(change, unit.name)
    action = verb(change, unit)
    enabled = state.is_enabled(unit.enabled)
    if not action and enabled == unit.enabled:
        return False
    if enabled != unit.enabled:
        change.stage(f"{'enabling' if unit.enabled else 'disabling'} {unit.name}")
        change.log.enabling(unit.name)
        units.enable(change.commands, unit.name, state.enabled, unit.enabled)
    if action:
        change.stage(f"{action} {unit.name}")
        change.commands.progress(f"{action} {unit.name}")
        change.log.acting(unit.name, action)
        units.act(change.commands, action, unit.name)
    return True


def _refuse_dead(change: Change, unit: Unit) -> None:
    if unit.running and change.declared.healthy is None and not units.state(change.commands, unit.name).active:
        raise AgentError(f"{unit.name} does not stay up", unit=unit.name)


def healthy(change: Change) -> None:
    """Tries every second until this member serves."""
    health = change.declared.healthy
    if health is None:
        return
    change.stage("healthy")
    command = change.declared.command(health.command, "healthy")
    deadline = time.monotonic() + health.seconds
    while True:
        output = change.commands.shell(command, seconds=max(1, min(30, health.seconds)), doing="waiting until healthy")
        if output.succeeded:
            return
        if time.monotonic() >= deadline:
            unit = _suspect(change)
            raise AgentError(f"not healthy after {health.seconds} s ({output.cause()})", unit=unit)
        change.commands.ending.wait(1)


def _suspect(change: Change) -> str:
    """The unit whose journal says most: one that should run and does not, else the first."""
    running = [unit.name for unit in change.declared.units.values() if unit.running]
    dead = [unit for unit in running if not units.state(change.commands, unit).active]
    return next(iter((*dead, *running)), "")
