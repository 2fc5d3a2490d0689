"""A stack's state without its secrets: enough to preview against, worth nothing to a thief.

A preview runs the code of whoever proposed the change. With this it needs no passphrase, no login to the backend and
no key: what would be a secret reads as one constant, on both sides of every comparison.
"""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from commands.preview import PreviewError

SIGNATURE = ("4dabf18193072939515e22adb298388d", "1b47061264138c4ac30d75fd1eb44270")
"""How the engine marks a secret in a state (`sdk/go/common/resource/sig` of pulumi/pulumi)."""
STAND_IN = "stand-in.for.a.Secret.that.is.Not.known.here.0"
DERIVED = "__pulumi_raw_state_delta"
"""What bridged providers derive from the other outputs, and derive again when it is missing."""


def save(stack: str, root: Path, path: Path, environment: Mapping[str, str]) -> None:
    """Writes the state of `stack` to `path`; asks the backend only, so it needs no passphrase."""
    command = ["pulumi", "stack", "export", "--stack", stack]
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PreviewError(f"{stack}: {done.stderr.strip().removeprefix('error: ')}")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(bare(json.loads(done.stdout))) + "\n")


def bare(exported: Mapping[str, Any]) -> dict[str, Any]:
    """What `pulumi stack export` printed, importable under any passphrase."""
    deployment = {name: value for name, value in exported["deployment"].items() if name != "secrets_providers"}
    # What was under way when a run was cut off is for an operator, and may name what only a decrypted input tells.
    deployment.pop("pending_operations", None)
    return {**exported, "deployment": _bare(deployment)}


def _bare(value: Any) -> Any:
    if isinstance(value, list):
        return [_bare(item) for item in value]
    if not isinstance(value, dict):
        return value
    if value.get(SIGNATURE[0]) == SIGNATURE[1]:
        return {SIGNATURE[0]: SIGNATURE[1], "plaintext": json.dumps(STAND_IN)}
    return {key: _bare(item) for key, item in value.items() if key != DERIVED}
