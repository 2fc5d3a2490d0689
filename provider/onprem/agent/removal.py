"""Delete: the host as it was before us; packages, users and data stay."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from . import distribution, files, manifest
from .accounts import look as look_user
from .commands import Commands
from .declaration import Declaration, Unit
from .errors import AgentError
from .manifest import Manifest
from .store import Store, drop_folder, write_private
from .undo import Undo

LEAVE_SECONDS = 600
LEFT = "left"


def forget(store: Store, declared: Declaration) -> None:
    """The service is declared again after a removal that was cut off: the next one begins anew."""
    left = store.service(declared.service) / LEFT
    left.unlink(missing_ok=True)
    for path in (str(left), *declared.files):
        if os.path.lexists(files.staged(path)):  # noqa: PTH110 - thousands of these are looked at
            files.remove(files.staged(path))


@dataclass(frozen=True)
class Removal:
    """Begun again after an interruption, it goes on."""

    store: Store
    commands: Commands
    declared: Declaration

    def run(self) -> dict[str, Any]:
        """What stays: packages and users that came with us, directories that hold something."""
        service = self.declared.service
        known = manifest.load(self.store, service)
        if known is None:
            drop_folder(self.store.service(service))
            return {"kept": {"packages": [], "users": [], "data": []}, "notes": [f"{service} had nothing on this host"]}
        self._leave()
        commands = self.commands.unstoppable()
        undone = Undo(commands, known.before, self._acted(known), self.store.originals(service)).run()
        if undone.failed:
            raise AgentError(f"{service}: not all could be put back: {' / '.join(undone.failed)}; run it again")
        notes = [f"{unit} ran before and does not start now" for unit in undone.down]
        kept = self._kept(known)
        drop_folder(self.store.service(service))
        return {"kept": kept, "notes": [_note(what, known) for what in undone.put_back] + notes}

    def _leave(self) -> None:
        """Once: a member that has left cannot leave again."""
        left = self.store.service(self.declared.service) / LEFT
        if not self.declared.leave or left.exists():
            return
        command = self.declared.command(self.declared.leave, "leave")
        output = self.commands.shell(command, seconds=LEAVE_SECONDS, doing="leave")
        if not output.succeeded:
            raise AgentError(f"{self.declared.service}: leave failed: {output.cause()}; nothing was removed")
        write_private(left, b"")

    def _acted(self, known: Manifest) -> Mapping[str, str]:
        """Units that ran before us and go on running: they read again what is put back."""
        back = {path for path, before in known.before.files.items() if before.state != "as_declared"}
        return {unit.name: verb for unit in self.declared.units.values() if (verb := _verb(unit, back))}

    def _kept(self, known: Manifest) -> dict[str, list[str]]:
        packages = distribution.installed(self.commands, known.packages)
        users = [name for name in known.users if name in self.declared.users and look_user(self.declared.users[name])]
        data = [path for path in known.declared.get("directories") or {} if files.look(path).kind == "directory"]
        return {"packages": sorted(packages), "users": users, "data": sorted(data)}


def _note(what: str, known: Manifest) -> str:
    """A unit says what was done to it; a file that we made was removed."""
    before = known.before.files.get(what)
    if before is None:
        return what
    return f"removed {what}" if before.state == "absent" else f"put back {what}"


def _verb(unit: Unit, back: set[str]) -> str:
    if back.intersection(unit.restart_on):
        return "restart"
    return "reload" if back.intersection(unit.reload_on) else ""
