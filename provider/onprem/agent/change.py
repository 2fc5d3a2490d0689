"""One change of one service while it is made: what the stages of a transaction share."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from .commands import Commands
from .declaration import Declaration
from .manifest import Manifest
from .scrubber import Scrubber
from .store import Store
from .undo_log import UndoLog
from .units import State


@dataclass
class Change:
    """`gone` is what the last declaration had and this one has no more."""

    store: Store
    commands: Commands
    scrubber: Scrubber
    declared: Declaration
    previous: Declaration
    manifest: Manifest | None
    log: UndoLog
    states: dict[str, State] = field(default_factory=dict)
    changed: set[str] = field(default_factory=set)
    upgraded: bool = False
    printed: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    began: float = field(default_factory=time.time)

    def stage(self, name: str) -> None:
        """Says what comes next, on the host and to whoever waits."""
        self.commands.ending.check()
        self.log.stage(name)

    @property
    def gone_files(self) -> list[str]:
        return [path for path in self.previous.files if path not in self.declared.files]

    @property
    def gone_units(self) -> list[str]:
        return [unit for unit in self.previous.units if unit not in self.declared.units]
