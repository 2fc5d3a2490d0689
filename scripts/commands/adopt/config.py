"""A stack's configuration as the program gets it, and which of it is encrypted."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from commands.adopt import AdoptError
from commands.apply.stack_file import as_config, read_document, sealed, stack_path

ENGINE_SECONDS = 60


@dataclass(frozen=True)
class Config:
    """`values` are what the stack file says in clear, `secrets` what was decrypted, both by key."""

    path: Path
    values: Mapping[str, Any]
    secrets: Mapping[str, str]

    def texts(self) -> dict[str, str]:
        """Everything, as the engine hands it over."""
        return {**as_config(self.values), **self.secrets}

    def having(self, settings: Mapping[str, Any]) -> "Config":
        """The same with other values under some keys."""
        return replace(self, values={**self.values, **settings})


def read(stack: str, stacks: Path, program: Path, engine: Sequence[str], environment: Mapping[str, str]) -> Config:
    """Asks the engine only where something is encrypted; raises when that cannot be decrypted."""
    path = stack_path(stack, stacks)
    values = read_document(path).get("config") or {}
    closed = {key for key, value in values.items() if sealed(value)}
    secrets = _decrypted(stack, program, engine, environment, closed) if closed else {}
    return Config(path, {key: value for key, value in values.items() if key not in closed}, secrets)


def _decrypted(
    stack: str, program: Path, engine: Sequence[str], environment: Mapping[str, str], keys: set[str]
) -> dict[str, str]:
    if not engine:
        raise AdoptError(f"{stack}: {', '.join(sorted(keys))}: encrypted; pulumi, which can decrypt it, is not on PATH")
    command = [*engine, "config", "--show-secrets", "--json", "--non-interactive", "--stack", stack]
    try:
        done = subprocess.run(
            command, cwd=program, env=environment, capture_output=True, text=True, timeout=ENGINE_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise AdoptError(
            f"{stack}: pulumi did not decrypt its configuration within {ENGINE_SECONDS} s; no host was asked anything"
        ) from None
    if done.returncode:
        said = " ".join(done.stderr.split()).removeprefix("error: ")
        raise AdoptError(f"{stack}: pulumi does not decrypt its configuration: {said}")
    found = json.loads(done.stdout)
    return {key: found[key]["value"] for key in keys}
