"""A `pulumi` that answers from a table and writes down how it was called."""

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROGRAM = """\
#!{python} -I
import json, os, sys
from pathlib import Path
folder = Path({folder!r})
with (folder / "calls").open("a") as calls:
    files = {{path.name: path.read_text() for path in Path("stacks").glob("*.yaml")}}
    call = {{"arguments": sys.argv[1:], "folder": os.getcwd(), "environment": dict(os.environ), "files": files}}
    if "--file" in sys.argv:
        call["state"] = json.loads(Path(sys.argv[sys.argv.index("--file") + 1]).read_text())
    calls.write(json.dumps(call) + "\\n")
for words, (status, output, errors) in json.loads((folder / "answers").read_text()).items():
    if " ".join(sys.argv[1:]).startswith(words):
        if words == "stack init":
            with Path("stacks", f"Pulumi.{{sys.argv[3]}}.yaml").open("a") as file:
                file.write("encryptionsalt: v1:sandbox\\n")
        sys.stdout.write(output)
        sys.stderr.write(errors)
        sys.exit(status)
sys.exit(3)
"""


@dataclass(frozen=True)
class ScriptedEngine:
    """`folder` is for PATH."""

    folder: Path

    @property
    def environment(self) -> Mapping[str, str]:
        """What a command needs to find it."""
        return {"PATH": f"{self.folder}{os.pathsep}{os.environ['PATH']}"}

    @property
    def calls(self) -> list[dict[str, Any]]:
        """`arguments`, `folder`, `environment`, the stack `files` there and the `state` given, of each call."""
        return [json.loads(line) for line in (self.folder / "calls").read_text().splitlines()]


def scripted_engine(folder: Path, answers: Mapping[str, tuple[int, str, str]]) -> ScriptedEngine:
    """`answers`: status, output and errors by how the arguments begin."""
    folder.mkdir()
    (folder / "answers").write_text(json.dumps(answers))
    program = folder / "pulumi"
    program.write_text(PROGRAM.format(python=sys.executable, folder=str(folder)))
    program.chmod(0o755)
    return ScriptedEngine(folder)
