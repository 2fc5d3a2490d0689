"""What an operator is told when the agent cannot do what it was asked."""

from __future__ import annotations

from collections.abc import Sequence


class AgentError(Exception):
    """A sentence; `unit` names the systemd unit whose journal explains it."""

    def __init__(
        self,
        message: str,
        *,
        unit: str = "",
        rolled_back: Sequence[str] = (),
        stayed: Sequence[str] = (),
        journal: Sequence[str] = (),
    ) -> None:
        super().__init__(message)
        self.unit = unit
        self.rolled_back = list(rolled_back)
        self.stayed = list(stayed)
        self.journal = list(journal)


class EndedError(AgentError):
    """The connection ended while something was under way."""

    def __init__(self) -> None:
        super().__init__("the connection ended")
