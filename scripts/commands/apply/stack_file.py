"""The stack file as the program's configuration; refuses stacks that belong to the Pulumi engine."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import yaml

from commands.apply import ApplyError

ENGINE_SECONDS = 60
ENGINE_KEYS = ("encryptionsalt", "encryptedkey", "secretsprovider")


def load_config(stack: str, stacks: Path) -> dict[str, str]:
    """The configuration of `stack` as the engine would hand it over: key to text, JSON where it is no plain text."""
    path = stack_path(stack, stacks)
    document = read_document(path)
    _refuse_engine(path, document)
    return as_config(document.get("config") or {})


def read_document(path: Path) -> dict[str, Any]:
    """A stack file as it stands."""
    try:
        return yaml.safe_load(path.read_text()) or {}
    except yaml.YAMLError as error:
        raise ApplyError(f"{path}: not YAML: {' '.join(str(error).split())}") from None


def as_config(values: Mapping[str, Any]) -> dict[str, str]:
    """Text, and JSON for what is none."""
    return {key: _text(value) for key, value in values.items()}


def project_name(program: Path) -> str:
    """The name in the program's Pulumi.yaml."""
    return str(yaml.safe_load((program / "Pulumi.yaml").read_text())["name"])


def stack_path(stack: str, stacks: Path) -> Path:
    """Where the file of `stack` is, or an error that lists the stacks there are."""
    path = stacks / f"Pulumi.{stack}.yaml"
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", stack) or not path.is_file():
        known = sorted(file.name.removeprefix("Pulumi.").removesuffix(".yaml") for file in stacks.glob("Pulumi.*.yaml"))
        raise ApplyError(f"{stack}: no stack of this name in {stacks}; there are: {', '.join(known) or 'none'}")
    return path


def refuse_engine_state(project: str, stack: str, program: Path, environment: Mapping[str, str]) -> None:
    """Stops where the engine already has resources of this stack: two owners would undo each other's work.

    A file backend is looked at; any other is asked for with `pulumi`, where that is installed.
    """
    if place := _in_file_backend(project, stack, environment) or _in_engine(stack, program, environment):
        raise ApplyError(f"{stack}: has a Pulumi state ({place}); use pulumi up, or destroy that stack first")


def _in_file_backend(project: str, stack: str, environment: Mapping[str, str]) -> str:
    backend = urlsplit(environment.get("PULUMI_BACKEND_URL", ""))
    if backend.scheme != "file":
        return ""
    folder = Path(os.path.expanduser(unquote(backend.netloc + backend.path)))  # noqa: PTH111 - the URL may say file://~
    states = [folder / ".pulumi" / "stacks" / name for name in (f"{project}/{stack}.json", f"{stack}.json")]
    return next((str(state) for state in states if state.is_file() and _has_resources(state)), "")


def _in_engine(stack: str, program: Path, environment: Mapping[str, str]) -> str:
    pulumi = shutil.which("pulumi", path=environment.get("PATH"))
    if not pulumi:
        return ""
    command = [pulumi, "stack", "export", "--non-interactive", "--stack", stack]
    try:
        done = subprocess.run(
            command, cwd=program, env=environment, capture_output=True, text=True, timeout=ENGINE_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise ApplyError(f"{stack}: pulumi does not say within {ENGINE_SECONDS} s whether it has a state") from None
    deployment = json.loads(done.stdout).get("deployment") if done.returncode == 0 else None
    return "pulumi stack export shows it" if (deployment or {}).get("resources") else ""


def _has_resources(state: Path) -> bool:
    checkpoint = json.loads(state.read_text()).get("checkpoint") or {}
    return bool((checkpoint.get("latest") or {}).get("resources"))


def _refuse_engine(path: Path, document: Mapping[str, Any]) -> None:
    if found := sorted(sealed(document.get("config") or {})):
        names = ", ".join(found)
        raise ApplyError(f"{path}: {names}: encrypted by Pulumi, which only the engine can read; use pulumi up")
    if owned := owned_by_engine(document):
        raise ApplyError(f"{path}: has {owned[0]}, so this stack was made with the Pulumi engine; use pulumi up")


def owned_by_engine(document: Mapping[str, Any]) -> list[str]:
    """What the engine has written into a stack file of its own; empty for any other."""
    return [key for key in ENGINE_KEYS if key in document]


def sealed(value: Any, path: str = "") -> list[str]:
    """The paths of what is encrypted in `value`."""
    if isinstance(value, list):
        return [key for index, item in enumerate(value) for key in sealed(item, f"{path}[{index}]")]
    if not isinstance(value, dict):
        return []
    if "secure" in value:
        return [path]
    return [key for name, item in value.items() for key in sealed(item, f"{path}.{name}" if path else name)]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
