"""Putting things back as they were: after a failure, a lost connection, an unconfirmed change, and for Delete."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from . import distribution, units
from .before import Before, UnitBefore, put_back_directory, put_back_file
from .commands import Commands
from .errors import AgentError


@dataclass
class Undone:
    """What was put back, what could not be, and the units that should run again and whether they do."""

    put_back: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    running: list[str] = field(default_factory=list)
    down: list[str] = field(default_factory=list)


@dataclass
class Undo:
    """`acted` says what happened to units meanwhile; at `boot` systemd is told and not waited for."""

    commands: Commands
    before: Before
    acted: Mapping[str, str]
    backups: Path
    boot: bool = False
    undone: Undone = field(default_factory=Undone)

    def run(self) -> Undone:
        """All of it, whatever fails on the way. Doing it twice does nothing the second time."""
        if distribution.POLICY in self.before.files:
            self._try("waiting for dpkg", distribution.wait_for_dpkg)
        for unit, before in self.before.units.items():
            if not before.active:
                self._try(unit, lambda unit=unit, before=before: self._stop(unit, before))  # type: ignore[misc]
        paths = [path for path in self.before.files if self._try(path, lambda path=path: self._file(path))]  # type: ignore[misc]
        for path in sorted(self.before.directories, reverse=True):
            self._try(path, lambda path=path: put_back_directory(path, self.before.directories[path]))  # type: ignore[misc]
        if units.defines_units(paths):
            self._try("systemctl daemon-reload", lambda: units.daemon_reload(self.commands))
        for unit, before in self.before.units.items():
            self._try(unit, lambda unit=unit, before=before: self._unit(unit, before))  # type: ignore[misc]
        return self.undone

    def _try(self, what: str, action: Callable[[], bool | None]) -> bool:
        """Whether `action` did something; its failure does not keep the rest from being put back."""
        try:
            return bool(action())
        except (AgentError, OSError) as error:
            self.undone.failed.append(str(error) if what in str(error) else f"{what}: {error}")
            return False

    def _file(self, path: str) -> bool:
        done = put_back_file(path, self.before.files[path], self.backups)
        if done and path != distribution.POLICY:
            self.undone.put_back.append(path)
        return done

    def _stop(self, unit: str, before: UnitBefore) -> None:
        """While its file is still there: what it does on stop belongs to it, a firewall's table for example."""
        state = units.state(self.commands, unit)
        if self.boot or not state.idle:
            units.act(self.commands, "stop", unit, wait=not self.boot)
            self.undone.put_back.append(f"{unit} stopped")
        self.commands.run(["systemctl", "reset-failed", "--", unit])
        units.put_back_enabled(self.commands, unit, before.enabled)

    def _unit(self, unit: str, before: UnitBefore) -> None:
        if not before.active:
            return
        units.put_back_enabled(self.commands, unit, before.enabled)
        state = units.state(self.commands, unit)
        verb = self._verb(unit, state)
        if verb:
            self._act(verb, unit)
        if self.boot or units.state(self.commands, unit).active:
            self.undone.running.append(unit)
        else:
            self.undone.down.append(unit)

    def _verb(self, unit: str, state: units.State) -> str:
        if not state.active:
            return "start"
        return {"reload": "reload", "": ""}.get(self.acted.get(unit, ""), "restart")

    def _act(self, verb: str, unit: str) -> None:
        try:
            units.act(self.commands, verb, unit, wait=not self.boot)
        except AgentError:
            if verb != "reload":
                raise
            units.act(self.commands, "restart", unit, wait=not self.boot)
        self.undone.put_back.append(f"{unit} {verb}ed")
