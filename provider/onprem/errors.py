"""What the provider raises."""

from collections.abc import Sequence


class OnPremError(Exception):
    """A sentence an operator can act on, host first. `stayed` names what a failed change left on the host."""

    def __init__(self, message: str, stayed: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.stayed = tuple(stayed)
