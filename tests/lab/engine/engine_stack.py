"""A stack on lab hosts, as an operator with the Pulumi engine sees it."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.lab.private_lab import ROOT, PrivateLab

HERE = Path(__file__).parent
Done = subprocess.CompletedProcess[str]


@dataclass(frozen=True)
class EngineStack:
    """`project` is this checkout, or a copy of it that somebody broke; `backend` is where the state is."""

    lab: PrivateLab
    project: Path = ROOT
    backend: Path | None = None

    def pulumi(self, *words: str, check: bool = True) -> Done:
        """`pulumi WORDS… --stack STACK`, without questions."""
        return self.lab.run(self.command(*words), check=check)

    def command(self, *words: str) -> list[str]:
        """What `lab run` is given."""
        stack = ["--stack", self.lab.stack, "--non-interactive"]
        return ["env", "-C", str(self.project), *self.environment(), "pulumi", *words, *stack]

    def environment(self) -> list[str]:
        """What says where the state is, in the form that `env` takes."""
        return [f"PULUMI_BACKEND_URL=file://{self.backend}"] if self.backend else []

    def up(self, *words: str, check: bool = True) -> Done:
        """`pulumi up` without its preview."""
        return self.pulumi("up", "--yes", "--skip-preview", *words, check=check)

    def changes(self, *words: str) -> dict[str, str]:
        """What `pulumi preview` would do: operations by type and name, without what stays as it is."""
        found = json.loads(self.pulumi("preview", "--json", *words).stdout)
        steps = [step for step in found["steps"] if step["op"] not in ("same", "refresh", "read")]
        return {name_of(step["urn"]): step["op"] for step in steps}

    def updates(self) -> str:
        """The updates that `pulumi preview --refresh --diff` shows, without what was refreshed before."""
        shown = self.pulumi("preview", "--refresh", "--diff").stdout
        steps = shown.partition("pulumi:pulumi:Stack: (same)")[2].partition("Resources:")[0].splitlines()
        kept = [line for line in steps if line.startswith("    ") and "[urn=" not in line and line.strip()]
        return "\n".join(line.removeprefix("    ") for line in kept)

    def logins(self, host: str) -> int:
        """How often somebody logged in to `host`, this one included."""
        count = "journalctl --unit ssh --output cat --no-pager | grep -c '^Accepted publickey'"
        return int(self.lab.ssh(host, count).stdout)

    def snapshot(self, host: str) -> dict[str, Any]:
        """The files, units, packages and firewall of `host`."""
        program = (HERE / "snapshot.py").read_text()
        found: dict[str, Any] = json.loads(self.lab.ssh(host, "python3 -I -", stdin=program).stdout)
        return found

    def verify(self) -> Done:
        """Messages get through."""
        return self.lab.run(["env", *self.environment(), "scripts/verify", self.lab.stack])

    @contextlib.contextmanager
    def configured(self, config: Mapping[str, Any]) -> Iterator[None]:
        """The stack file says otherwise for a while."""
        before = self.lab.stack_file.read_text()
        self.lab.declare({**yaml.safe_load(before)["config"], **config})
        try:
            yield
        finally:
            self.lab.stack_file.write_text(before)

    @contextlib.contextmanager
    def patched(self, path: str, old: str, new: str) -> Iterator["EngineStack"]:
        """The stack with a copy of the project in which one file says otherwise."""
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder)
            for name in ("components", "provider"):
                shutil.copytree(ROOT / name, copy / name)
            for name in ("__main__.py", "Pulumi.yaml"):
                shutil.copy(ROOT / name, copy / name)
            for name in ("stacks", ".venv"):
                (copy / name).symlink_to(ROOT / name)
            text = (copy / path).read_text()
            assert text.count(old) == 1
            (copy / path).write_text(text.replace(old, new))
            yield EngineStack(self.lab, copy, self.backend)

    def up_killed_at(self, marker: str, seconds: int = 600) -> None:
        """`pulumi up`, whose engine gets SIGKILL once it printed `marker`; its plugins are left to themselves."""
        shell = ["sh", "-c", 'echo "$$" && exec "$@"', "sh"]
        argv = self.lab.argv("run", "--", *shell, *self.command("up", "--yes", "--skip-preview"))
        deadline = time.monotonic() + seconds
        process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, cwd=ROOT, start_new_session=True)
        assert process.stdout is not None
        said = ""
        while marker not in said and (line := process.stdout.readline()) and time.monotonic() < deadline:
            said += line
        os.kill(int(said.split()[0]), signal.SIGKILL)
        process.wait()
        process.stdout.close()
        assert marker in said, said
        _end_session(process.pid)


def name_of(urn: str) -> str:
    """`Service dev1/ssh` of a URN."""
    kind, name = urn.split("::", 3)[2:]
    return f"{kind.rpartition(':')[2]} {name}"


def errors(printed: str) -> list[str]:
    """What the engine lists as errors at the end, each whole."""
    said = printed.partition("Diagnostics:")[2]
    found = re.findall(r"^    error: (.*(?:\n    .+|\n      .+)*)", said, re.MULTILINE)
    return [re.sub(r"^    ", "", text, flags=re.MULTILINE) for text in found if text != "update failed"]


def _end_session(leader: int) -> None:
    """The plugins of a killed engine, by the session they were started in."""
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(fields[3]) == leader and int(folder.name) != leader:
                os.kill(int(folder.name), signal.SIGTERM)
