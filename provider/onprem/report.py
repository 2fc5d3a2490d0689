"""Where the provider says what it is doing: Pulumi's engine, or whoever runs the resources without it."""

from typing import Protocol


class Report(Protocol):
    """Takes lines about one resource while it is worked on."""

    async def status(self, text: str) -> None:
        """Where a long step is; the next one takes its place."""

    async def note(self, text: str) -> None:
        """Worth keeping."""

    async def warning(self, text: str) -> None:
        """To be looked at by a person."""


class Silence:
    """A report that nobody reads."""

    async def status(self, text: str) -> None: ...

    async def note(self, text: str) -> None: ...

    async def warning(self, text: str) -> None: ...
