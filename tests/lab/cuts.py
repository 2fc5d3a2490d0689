"""Ways to cut a run off in the middle, wherever it is: its process, its way to the host, the host."""

import contextlib
import json
import os
import shlex
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.lab.private_lab import ROOT, PrivateLab

END_SECONDS = 900
STAGE_SECONDS = 300
WATCH = """\
import contextlib, json, os, re, sys, time
from pathlib import Path

def number(file):
    return os.fstat(file.fileno()).st_ino

logs = [Path(f"/var/lib/onprem/services/{service}/transaction/log.jsonl") for service, _ in json.loads(sys.argv[1])]
stages = [re.compile(f'"stage": "{stage}') for _, stage in json.loads(sys.argv[1])]
earlier = {path: path.open() for path in logs if path.exists()}
print("watching", flush=True)
end = time.monotonic() + int(sys.argv[2])
while time.monotonic() < end:
    for at, (path, stage) in enumerate(zip(logs, stages)):
        with contextlib.suppress(FileNotFoundError):
            with path.open() as log:
                if (path not in earlier or number(log) != number(earlier[path])) and stage.search(log.read()):
                    sys.exit(print(at))
    time.sleep(0.01)
"""
"""On the host: which of several services came to its stage first. What an earlier run left does not count."""


class Run:
    """A command inside the lab's network that goes on while the test watches it."""

    def __init__(self, lab: PrivateLab, command: Sequence[str]) -> None:
        self.lab = lab
        self._output = tempfile.NamedTemporaryFile("r")  # noqa: SIM115 - closed with the run
        argv = lab.argv("run", "--", *command)
        with Path(self._output.name).open("w") as output:
            self.process = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=ROOT, start_new_session=True
            )

    @property
    def said(self) -> str:
        """What it printed so far."""
        return Path(self._output.name).read_text()

    def end(self) -> int:
        """Its exit code, once it ended by itself and nothing of it is left but plugins that Pulumi brings."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.process.wait(END_SECONDS)
        os.killpg(self.process.pid, signal.SIGKILL)
        raise AssertionError(f"it did not end within {END_SECONDS} s:\n{self.said[-4000:]}")

    def processes(self, word: str) -> list[int]:
        """Those that it started, and they in turn, with `word` in their command line."""
        parents: dict[int, int] = {}
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        found, new = set[int](), {self.process.pid}
        while new:
            found |= new
            new = {pid for pid, parent in parents.items() if parent in new}
        return [pid for pid in sorted(found) if word in _command(pid)]


def run_until(lab: PrivateLab, command: Sequence[str], host: str, stages: Sequence[tuple[str, str]]) -> tuple[Run, int]:
    """Runs `command` until a service comes to a stage, a regular expression, of `stages`; which of them it was."""
    watching = ["python3", "-c", WATCH, json.dumps(stages), str(STAGE_SECONDS)]
    argv = lab.argv("ssh", host, shlex.join(watching))
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, cwd=ROOT, start_new_session=True) as watch:
        assert watch.stdout is not None
        assert watch.stdout.readline() == "watching\n"
        run = Run(lab, command)
        while watch.poll() is None and run.process.poll() is None:
            time.sleep(0.02)
        if watch.poll() is None:
            watch.terminate()
        found = watch.stdout.read()
    assert found, f"it never came to one of {stages}:\n{run.said[-4000:]}"
    return run, int(found)


def _command(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return ""


Cut = Callable[[Run, str], None]


def killed(run: Run, host: str) -> None:
    """SIGKILL, as for want of memory; what it started is left to itself."""
    run.process.kill()
    run.end()


def interrupted(run: Run, host: str) -> None:
    """Ctrl-C."""
    os.killpg(run.process.pid, signal.SIGINT)
    run.end()


def without_provider(run: Run, host: str) -> None:
    """SIGKILL of the engine's plugin that talks to hosts."""
    _kill(run.processes(f"{ROOT}/provider "))
    run.end()


def without_ssh(run: Run, host: str) -> None:
    """SIGKILL of the connection."""
    _kill(run.processes("ssh -T "))
    run.end()


def unplugged(run: Run, host: str) -> None:
    """No packet gets through until both sides have noticed."""
    run.lab.lab("cut", host)
    run.end()
    run.lab.lab("heal", host)


def powered_off(run: Run, host: str) -> None:
    """Every process of the host is gone at once; it is switched on again at once."""
    run.lab.lab("kill", host)
    run.lab.lab("start", host)
    run.end()


def _kill(processes: Sequence[int]) -> None:
    assert processes
    for pid in processes:
        os.kill(pid, signal.SIGKILL)
