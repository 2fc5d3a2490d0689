"""A lab of a test's own: stack file in a temporary folder, made by `scripts/lab`, taken down by the fixture."""

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class PrivateLab:
    """The lab of `stack`, whose stack file is in `stacks`."""

    stack: str
    stacks: Path

    @property
    def stack_file(self) -> Path:
        return self.stacks / f"Pulumi.{self.stack}.yaml"

    def declare(self, config: Mapping[str, Any]) -> None:
        """Writes the stack file."""
        self.stack_file.write_text(yaml.safe_dump({"config": dict(config)}, sort_keys=False))

    def lab(
        self, command: str, *words: str, check: bool = True, stdin: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """`scripts/lab COMMAND STACK WORDS…`; its output is part of the failure."""
        argv = self.argv(command, *words)
        done = subprocess.run(argv, input=stdin, capture_output=True, text=True, check=False, cwd=ROOT)
        assert not check or done.returncode == 0, f"{' '.join(argv)}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done

    def argv(self, command: str, *words: str) -> list[str]:
        """The command line of `lab`."""
        return [str(ROOT / "scripts/lab"), "--stacks", str(self.stacks), command, self.stack, *words]

    def run(self, command: Sequence[str], *, check: bool = True) -> subprocess.CompletedProcess[str]:
        """A command inside the lab's network, from the administrators' address."""
        return self.lab("run", "--", *command, check=check)

    def ssh(
        self, host: str, command: str, *, check: bool = True, stdin: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        return self.lab("ssh", host, command, check=check, stdin=stdin)
