"""What is asked of the Pulumi engine about one stack."""

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from commands.recover import RecoverError

SECONDS = 120
Done = subprocess.CompletedProcess[str]


@dataclass(frozen=True)
class Engine:
    """Runs `pulumi` in the folder of the program."""

    stack: str
    program: Path
    environment: Mapping[str, str]

    def backend(self) -> str:
        """The URL of the backend."""
        return str(json.loads(self._must("whoami", "--json"))["url"])

    def folder(self) -> Path | None:
        """Where a file backend is; None for any other."""
        url = urlsplit(self.backend())
        if url.scheme != "file":
            return None
        return self.program / os.path.expanduser(unquote(url.netloc + url.path))  # noqa: PTH111 - it may say file://~

    def export(self) -> str:
        """The state as JSON, its secrets encrypted."""
        return self._must("stack", "export", *self._stack)

    def put(self, state: Path) -> Done:
        """Gives the backend the state in a file; the engine leaves out what was under way."""
        return self._run("stack", "import", "--file", str(state), *self._stack)

    def cancel(self) -> None:
        """Takes all locks away."""
        self._must("cancel", "--yes", *self._stack)

    def hosts(self) -> str:
        """`onprem:hosts` as JSON text."""
        return self._must("config", "get", "onprem:hosts", *self._stack)

    def values(self) -> Mapping[str, str]:
        """The stack file's values by their full names, in clear; lists and mappings are JSON texts."""
        told = json.loads(self._must("config", "--show-secrets", "--json", *self._stack))
        return {name: each["value"] for name, each in told.items()}

    def select(self) -> None:
        """Makes the stack where the backend does not know it."""
        self._must("stack", "select", "--create", self.stack)

    @property
    def _stack(self) -> tuple[str, ...]:
        return ("--stack", self.stack)

    def _must(self, *words: str) -> str:
        done = self._run(*words)
        if done.returncode:
            raise RecoverError(f"{self.stack}: pulumi {' '.join(words[:2])} failed: {reason(done)}")
        return done.stdout

    def _run(self, *words: str) -> Done:
        command = ["pulumi", *words, "--non-interactive"]
        environment = {**self.environment, "PULUMI_SKIP_UPDATE_CHECK": "true"}
        try:
            return subprocess.run(
                command,
                cwd=self.program,
                env=environment,
                capture_output=True,
                text=True,
                timeout=SECONDS,
                check=False,
            )
        except FileNotFoundError:
            raise RecoverError('pulumi is not on PATH; install it, or run: eval "$(.ci/engine)"') from None
        except subprocess.TimeoutExpired:
            raise RecoverError(f"{self.stack}: pulumi {words[0]} gave no answer within {SECONDS} s") from None


def reason(done: Done) -> str:
    """Its own words."""
    lines = [line.removeprefix("error: ").strip() for line in done.stderr.splitlines() if line.strip()]
    return " ".join(lines) or f"it ended with status {done.returncode}"
