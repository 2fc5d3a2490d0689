"""A throw-away copy of the project with a backend of its own, for a preview against a state without secrets."""

import json
import secrets
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from commands.preview import PreviewError
from commands.preview.bare_state import STAND_IN

LEFT_OUT = frozenset({"stacks", ".git", ".lab", ".apply"})
ENGINE_KEYS = ("encryptionsalt", "encryptedkey", "secretsprovider")
CREDENTIALS = ("PULUMI_ACCESS_TOKEN", "PULUMI_CONFIG_PASSPHRASE_FILE")


@dataclass(frozen=True)
class Sandbox:
    """Where the engine runs, and with what environment."""

    root: Path
    environment: Mapping[str, str]


@contextmanager
def sandbox(stack: str, root: Path, state: Path, environment: Mapping[str, str]) -> Iterator[Sandbox]:
    """`state` is a file that `bare_state.save` wrote. Nothing of `root` is changed."""
    if not state.is_file():
        raise PreviewError(f"{stack}: {state} is missing; it is written where the stack is deployed, with --save-state")
    with tempfile.TemporaryDirectory(prefix="preview-") as folder:
        place = Path(folder)
        for entry in root.iterdir():
            if entry.name not in LEFT_OUT:
                (place / entry.name).symlink_to(entry)
        encrypted = _copy_stack_file(stack, root, place)
        (place / ".state").mkdir()
        inside = Sandbox(place, _environment(place, environment))
        _pulumi(inside, stack, "stack", "init", stack)
        for key in encrypted:
            _pulumi(inside, stack, "config", "set", "--stack", stack, "--secret", key, STAND_IN)
        _pulumi(inside, stack, "stack", "import", "--stack", stack, "--file", str(_sealed(stack, state, place)))
        yield inside


def _sealed(stack: str, state: Path, place: Path) -> Path:
    """A copy of `state` that names the sandbox's own passphrase: without one the engine cannot take secrets in."""
    document = json.loads(state.read_text())
    salt = yaml.safe_load((place / "stacks" / f"Pulumi.{stack}.yaml").read_text())["encryptionsalt"]
    document["deployment"]["secrets_providers"] = {"type": "passphrase", "state": {"salt": salt}}
    path = place / ".state.json"
    path.write_text(json.dumps(document))
    return path


def _copy_stack_file(stack: str, root: Path, place: Path) -> list[str]:
    """The stack file without what only a passphrase opens; returns the names of the encrypted settings."""
    name = f"Pulumi.{stack}.yaml"
    document: dict[str, Any] = yaml.safe_load((root / "stacks" / name).read_text()) or {}
    config = document.get("config") or {}
    encrypted = sorted(key for key, value in config.items() if isinstance(value, Mapping) and "secure" in value)
    document = {key: value for key, value in document.items() if key not in ENGINE_KEYS}
    document["config"] = {key: value for key, value in config.items() if key not in encrypted}
    (place / "stacks").mkdir()
    (place / "stacks" / name).write_text(yaml.safe_dump(document, sort_keys=False))
    return encrypted


def _environment(place: Path, environment: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in environment.items() if name not in CREDENTIALS}
    own = {"PULUMI_BACKEND_URL": f"file://{place / '.state'}", "PULUMI_CONFIG_PASSPHRASE": secrets.token_hex()}
    return {**kept, **own, "PULUMI_SKIP_UPDATE_CHECK": "true"}


def _pulumi(inside: Sandbox, stack: str, *arguments: str) -> None:
    command = ["pulumi", *arguments, "--non-interactive"]
    done = subprocess.run(command, cwd=inside.root, env=inside.environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PreviewError(f"{stack}: {done.stderr.strip().removeprefix('error: ')}")
