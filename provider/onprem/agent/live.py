"""A service as it is on the host, in the shape of its declaration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from . import accounts, files, lock, steps
from .commands import Commands
from .declaration import READER, Declaration, Directory, File, Step, Unit, User
from .scrubber import Scrubber
from .store import Store
from .text import REFERENCE, refers_to_secret, restore
from .together import Together
from .undo_log import Logged
from .units import State

MODE = {"file": "0644", "directory": "0755"}


@dataclass(frozen=True)
class Live:
    """`printed` holds what steps printed a moment ago; others are read, or left out when not `with_steps`."""

    store: Store
    commands: Commands
    scrubber: Scrubber
    declared: Declaration
    with_steps: bool
    printed: Mapping[str, str] = field(default_factory=dict)
    together: Together = field(default_factory=Together)

    def read(self) -> dict[str, Any]:
        """Properties of what is there; what is not there is left out."""
        declared = self.declared
        found = {
            "packages": self._packages(),
            "users": _present({user.name: _user(user, declared.raw) for user in declared.users.values()}),
            "directories": _present(
                {item.path: _directory(item, declared.raw) for item in declared.directories.values()}
            ),
            "files": _present({file.path: self._file(file) for file in declared.files.values()}),
            "units": _present(self._units()),
        }
        if self.with_steps:
            found["steps"] = {step.name: self._step(step) for step in declared.steps.values()}
        live = {name: items for name, items in found.items() if items or declared.raw.get(name) is not None}
        unfinished = self._unfinished()
        return {**live, **({"unfinished": unfinished} if unfinished else {})}

    def _packages(self) -> dict[str, str]:
        have = self.together.packages.installed(self.commands, self.declared.packages)
        return {name: have[name] if version else "" for name, version in self.declared.packages.items() if name in have}

    def _file(self, file: File) -> dict[str, Any] | None:
        found = files.look(file.path)
        if found.kind == "absent":
            return None
        raw = self.declared.raw["files"][file.path]
        if found.kind != "file":
            return {**raw, "content": found.describe()}
        return {**raw, **_access(raw, found, "file"), "content": self._content(file, found)}

    def _content(self, file: File, found: files.Found) -> str:
        if READER.fullmatch(file.content):
            return _reader(file, found)
        if found.size > files.LARGEST_SHOWN:
            if _is_complete(self.declared, file) and self._is_declared(file, found.size):
                return file.content
            return f"(not shown: {found.size} bytes)"
        content = files.read(file.path)
        names = self.declared.names
        if names.join_known(file.content).encode() == content:
            return file.content
        shown = restore(file.content, names, content.decode("utf-8", "backslashreplace"), self.scrubber.text)
        if shown == file.content:
            hidden = refers_to_secret(file.content)
            return shown + ("(hidden: this file holds secrets)" if hidden else "(bytes that are no text)")
        return shown

    def _is_declared(self, file: File, size: int) -> bool:
        content = self.declared.content(file)
        return size == len(content) and files.read(file.path) == content

    def _units(self) -> dict[str, dict[str, Any] | None]:
        declared = self.declared.units
        states = self.together.units.states(self.commands, declared) if declared else {}
        return {name: self._unit(unit, states[name]) for name, unit in declared.items()}

    def _unit(self, unit: Unit, state: State) -> dict[str, Any] | None:
        if not state.exists and (unit.running or unit.enabled):
            return None
        raw: Mapping[str, Any] = self.declared.raw["units"][unit.name]
        enabled = state.is_enabled(unit.enabled)
        return {**raw, **_given(raw, {"running": (state.active, True), "enabled": (enabled, True)})}

    def _step(self, step: Step) -> dict[str, Any]:
        """A failing `read` tells no state: `unread` says how it failed."""
        declared = self.declared
        raw: Mapping[str, Any] = declared.raw["steps"][step.name]
        printed = self.printed.get(step.name)
        if printed is None:
            output = steps.read(self.commands, declared, step)
            if not output.succeeded:
                return {**raw, "unread": self.scrubber.text(output.cause())}
            printed = steps.printed(output)
        if printed == steps.wanted(declared, step):
            return dict(raw)
        return {**raw, "want": restore(step.want.rstrip("\n"), declared.names, self.scrubber.text(printed), str)}

    def _unfinished(self) -> str:
        folder = self.store.transaction(self.declared.service)
        if self.declared.service not in lock.cut_off(self.store):
            return ""
        return f"a change was cut off: {self.scrubber.text(Logged(folder).stage) or 'as it began'}"


def _reader(file: File, found: files.Found) -> str:
    """By its digest: nobody can read a line diff of an archive."""
    from . import archive

    shown = archive.digest(files.read(file.path)) if found.size <= files.LARGEST_SHOWN else None
    return f"${{reader:{shown}}}" if shown else f"(not the reader: {found.size} bytes)"


def _is_complete(declared: Declaration, file: File) -> bool:
    """Whether every name that `file` refers to has a value already."""
    known = {"value": declared.names.values, "secret": declared.names.secrets}
    return all(found.group(2) in known[found.group(1)] for found in REFERENCE.finditer(file.content))


def _present(items: Mapping[str, dict[str, Any] | None]) -> dict[str, Any]:
    return {name: item for name, item in items.items() if item is not None}


def _given(raw: Mapping[str, Any], found: Mapping[str, tuple[Any, Any]]) -> dict[str, Any]:
    """What was found (value, default); a default that the declaration leaves out is left out."""
    return {key: value for key, (value, default) in found.items() if key in raw or value != default}


def _access(raw: Mapping[str, Any], found: files.Found, kind: str) -> dict[str, Any]:
    mode = f"{found.mode:04o}"
    if "mode" in raw and int(str(raw["mode"]), 8) == found.mode:
        mode = raw["mode"]
    owner, group = files.owner_name(found.uid), files.group_name(found.gid)
    return _given(raw, {"mode": (mode, MODE[kind]), "owner": (owner, "root"), "group": (group, "root")})


def _directory(directory: Directory, raw: Mapping[str, Any]) -> dict[str, Any] | None:
    found = files.look(directory.path)
    if found.kind == "absent":
        return None
    declared = raw["directories"][directory.path]
    if found.kind != "directory":
        return {**declared, "mode": found.describe()}
    return {**declared, **_access(declared, found, "directory")}


def _user(user: User, raw: Mapping[str, Any]) -> dict[str, Any] | None:
    found = accounts.look(user)
    if found is None:
        return None
    declared = raw["users"][user.name]
    values = {
        "system": (found.system, True),
        "home": (found.home, "/nonexistent"),
        "shell": (found.shell, "/usr/sbin/nologin"),
        "groups": (list(found.groups), []),
    }
    return {**declared, **_given(declared, values)}
