"""The checks of one run, each with its time."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from commands.verify import VerifyError

Made = TypeVar("Made")


@dataclass(frozen=True)
class Check:
    """What was tried, how long it took, why it failed if it did, or why it was not tried."""

    name: str
    milliseconds: float
    problem: str = ""
    skipped: str = ""


@dataclass
class Run:
    """The checks of one run; `begins` is told the name of each as it begins."""

    begins: Callable[[str], None]
    checks: list[Check] = field(default_factory=list)

    async def check(self, name: str, work: Awaitable[Made]) -> Made | None:
        """Does `work` and notes how it went."""
        self.begins(name)
        begun = time.perf_counter()
        made, problem, skipped = None, "", ""
        try:
            made = await work
        except Skip as reason:
            skipped = str(reason)
        except VerifyError as error:
            problem = str(error)
        self.checks.append(Check(name, (time.perf_counter() - begun) * 1000, problem, skipped))
        return made

    @property
    def failed(self) -> list[Check]:
        """What did not work."""
        return [check for check in self.checks if check.problem]


class Skip(Exception):  # noqa: N818 - nothing is wrong
    """The deployment does not offer this."""
