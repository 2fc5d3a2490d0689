"""Stand-in for pulumi-command's local Command: runs it on this machine when it is new or its inputs changed."""

import os
import re
import subprocess
from collections.abc import Mapping
from typing import Any

from commands.apply import ApplyError
from commands.apply.saved import Resource

COMMAND = "command:local:Command"
LINES_OF_ERROR = 10
SHORTEST_HIDDEN = 8


def run_command(name: str, inputs: Mapping[str, Any], last: Resource | None) -> Resource:
    """Runs `create` the first time and when a trigger changed, `update` (or else `create`) when another input did."""
    if last and last.inputs == inputs:
        return last
    is_new = last is None or last.inputs.get("triggers") != inputs.get("triggers")
    command = inputs.get("create") if is_new else inputs.get("update") or inputs.get("create")
    stdout = _run(name, command, inputs) if command else ""
    return Resource(name, inputs, {**inputs, "stdout": stdout, "stderr": ""})


def _run(name: str, command: str, inputs: Mapping[str, Any]) -> str:
    interpreter = inputs.get("interpreter") or ["/bin/sh", "-c"]
    environment = {**os.environ, **(inputs.get("environment") or {})}
    done: subprocess.CompletedProcess[str] = subprocess.run(
        [*interpreter, command],
        cwd=inputs.get("dir"),
        env=environment,
        input=inputs.get("stdin") or "",
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        last = _hide("\n".join(done.stderr.strip().splitlines()[-LINES_OF_ERROR:]), inputs)
        raise ApplyError(f"{name}: its command ended with status {done.returncode}. Its last lines:\n{last}")
    return done.stdout.removesuffix("\n")


def _hide(text: str, inputs: Mapping[str, Any]) -> str:
    """What came in by standard input or environment may be secret, and a failing command may repeat it."""
    given = [inputs.get("stdin") or "", *(inputs.get("environment") or {}).values()]
    words = {word for value in given for word in re.split(r"[\s='\"]+", value) if len(word) >= SHORTEST_HIDDEN}
    for word in sorted(words, key=len, reverse=True):
        text = text.replace(word, "[hidden]")
    return text
