"""A stack on lab hosts, as an operator without the engine sees it."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.lab.private_lab import PrivateLab

Done = subprocess.CompletedProcess[str]


@dataclass
class Deployed:
    """`saved` is the folder of generated values; `first` is what the first `scripts/apply` said."""

    lab: PrivateLab
    saved: Path
    first: Done | None = None

    def apply(self, *, check: bool = True) -> Done:
        """`scripts/apply`."""
        return self._run("apply", check=check)

    def verify(self, *, check: bool = True) -> Done:
        """`scripts/verify`."""
        return self._run("verify", check=check)

    def counts(self, done: Done) -> dict[str, int]:
        """How many resources were created, changed and unchanged, from the last line."""
        words = done.stdout.splitlines()[-1].removeprefix(f"{self.lab.stack}: ").split(", ")
        return {word.split()[1]: int(word.split()[0]) for word in words}

    def _run(self, command: str, *, check: bool) -> Done:
        return self.lab.run([f"scripts/{command}", self.lab.stack, "--saved", str(self.saved)], check=check)
