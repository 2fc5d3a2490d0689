"""Programs the lab runs: to their end, or in the background under a record that tells them from a stranger's."""

import contextlib
import fcntl
import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from commands.lab.errors import LabError

TERMINAL_CONTROL = re.compile(r"\x1b\[[0-9;]*[A-Za-z]|[^\x20-\x7e\n]")
START_TIME_FIELD = 19  # of /proc/PID/stat, counted from the state, which follows the name (proc(5))


def run(
    argv: Sequence[str] | Sequence[str | Path], *, doing: str, stdin: str = "", env: Mapping[str, str] | None = None
) -> str:
    """The standard output; a failure is a sentence with the last lines the program wrote."""
    done = subprocess.run(argv, input=stdin, capture_output=True, text=True, check=False, env=env)
    if done.returncode:
        lines = (done.stderr.strip() or done.stdout.strip()).splitlines()[-5:]
        raise LabError(f"{doing} failed (exit code {done.returncode}): {' / '.join(lines) or 'it said nothing'}")
    return done.stdout


def remove_tree(folder: Path) -> None:
    """Never across a mount, whatever somebody mounted below."""
    run(["rm", "-rf", "--one-file-system", "--", folder], doing=f"removing {folder}")


@contextlib.contextmanager
def only_one(lock: Path) -> Iterator[None]:
    """Waits for whoever else holds the lock; the kernel frees it when a holder dies."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@dataclass(frozen=True)
class Process:
    """A background process, known by its number and the moment it began."""

    pid: int
    started_ticks: int
    boot: str

    @property
    def alive(self) -> bool:
        return Process.of(self.pid) == self

    @property
    def since(self) -> float:
        """Seconds since the epoch."""
        booted = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
        return booted + self.started_ticks / os.sysconf("SC_CLK_TCK")

    @staticmethod
    def of(pid: int) -> "Process | None":
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
        except (FileNotFoundError, ProcessLookupError):
            return None
        fields = stat.rpartition(")")[2].split()
        if fields[0] in "ZX":
            return None
        return Process(pid, int(fields[START_TIME_FIELD]), Path("/proc/sys/kernel/random/boot_id").read_text().strip())


@dataclass(frozen=True)
class Background:
    """A program that outlives the command that started it: `NAME.json` says which process, `NAME.log` what it said."""

    folder: Path
    name: str

    @property
    def log(self) -> Path:
        return self.folder / f"{self.name}.log"

    @property
    def record(self) -> Path:
        return self.folder / f"{self.name}.json"

    def find(self) -> Process | None:
        try:
            process = Process(**json.loads(self.record.read_text()))
        except (FileNotFoundError, ValueError, TypeError):
            return None
        return process if process.alive else None

    def start(self, argv: Sequence[str | Path], *, cwd: Path | None = None) -> Process:
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            child = subprocess.Popen(
                argv, cwd=cwd, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        process = Process.of(child.pid)
        if process is None:
            raise LabError(f"{self.name}: ended at once; {self.last_words()}")
        self.record.write_text(json.dumps(asdict(process)))
        return process

    def stop(self, *, seconds: float = 5) -> None:
        """Ends it and what it started, politely first; only if it is still the process that was recorded."""
        process = self.find()
        if process:
            for sign in (signal.SIGTERM, signal.SIGKILL):
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, sign)
                if wait_until(lambda: not process.alive, seconds=seconds):
                    break
        self.record.unlink(missing_ok=True)

    def last_words(self) -> str:
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        lines = [line.strip() for line in TERMINAL_CONTROL.sub("", text).splitlines() if line.strip()]
        return f"{self.log} ends with: {' / '.join(lines[-3:]) or 'nothing'}"


def wait_until(condition: Callable[[], bool], *, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
