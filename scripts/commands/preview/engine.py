"""Asks the Pulumi engine what an update of a stack would do. Nothing is changed, and the state is not written."""

import json
import subprocess
from collections.abc import Collection, Mapping
from pathlib import Path

import pydantic

from commands.apply.engine import SIDE_BY_SIDE
from commands.preview import PreviewError
from commands.preview.digest import Digest
from commands.preview.safe import secrets_of, without

OPTIONS = ("--json", "--non-interactive", "--suppress-permalink", "--show-replacement-steps=false")


def preview(stack: str, root: Path, *, live: bool, environment: Mapping[str, str]) -> Digest:
    """The digest, also of a preview that failed on the way. Without `live` no host is asked anything."""
    command = ["pulumi", "preview", *OPTIONS, f"--refresh={'true' if live else 'false'}", "--stack", stack]
    asked = {"ONPREM_LIVE": "1" if live else "0", "PULUMI_SKIP_UPDATE_CHECK": "true"}
    chosen = {**SIDE_BY_SIDE, **environment, **asked}
    try:
        done = subprocess.run(command, cwd=root, env=chosen, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise PreviewError('pulumi is not on PATH; install it, or run: eval "$(.ci/engine)"') from None
    return read(stack, done, secrets_of(environment))


def read(stack: str, done: subprocess.CompletedProcess[str], secrets: Collection[str]) -> Digest:
    """What the engine printed as a `Digest`, without `secrets`; raises with its own words when it printed none."""
    said = without(done.stderr, secrets)
    try:
        digest = Digest.model_validate(without(json.loads(done.stdout), secrets))
    except json.JSONDecodeError:
        raise PreviewError(f"{stack}: {_reason(said, done.returncode)}") from None
    except pydantic.ValidationError as error:
        raise PreviewError(
            f"{stack}: this version of pulumi prints a preview that is not understood ({error.error_count()} fields)"
        ) from None
    if done.returncode and not digest.has_errors:
        raise PreviewError(f"{stack}: {_reason(said, done.returncode)}")
    return digest


def _reason(said: str, status: int) -> str:
    lines = [text.removeprefix("error: ") for text in said.splitlines() if text.strip()]
    return "\n".join(lines) or f"pulumi ended with status {status} and said nothing"
