"""Runs the other commands, so that Ctrl-C reaches them and they can end in order."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from commands.quickstart import QuickstartError


def follow(command: Sequence[str], root: Path, environment: Mapping[str, str]) -> None:
    """Runs `command` in `root` with its output shown; raises when it fails."""
    if status := _wait(subprocess.Popen(command, cwd=root, env={**os.environ, **environment})):
        raise QuickstartError(f"{' '.join(command)} ended with status {status}; its last lines above say why")


def quiet(command: Sequence[str], environment: Mapping[str, str], seconds: float) -> subprocess.CompletedProcess[str]:
    """Runs `command` without showing its output; status 124 when it takes longer than `seconds`."""
    try:
        return subprocess.run(
            command,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 124, "", f"no end within {seconds:.0f} s")


def _wait(process: subprocess.Popen[bytes]) -> int:
    try:
        return process.wait()
    except KeyboardInterrupt:
        process.wait()  # it got the same signal, and may have hosts to put back
        raise
