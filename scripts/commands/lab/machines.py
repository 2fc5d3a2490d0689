"""The hosts: their start, their states and their end."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from commands.lab import network
from commands.lab.access import config
from commands.lab.apt import Sources
from commands.lab.bare_host import install
from commands.lab.errors import LabError
from commands.lab.inventory import LabHost
from commands.lab.places import Places
from commands.lab.processes import Background, Process, remove_tree, wait_until

BOOT = Path(__file__).with_name("boot-host.sh")
BOOT_SECONDS = 60
ENVIRONMENT = ("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LC_ALL=C.UTF-8")


@dataclass(frozen=True)
class Machine:
    """One lab host on this machine; `folder` holds what it wrote over the base."""

    places: Places
    host: LabHost

    @property
    def name(self) -> str:
        return self.host.name

    @property
    def folder(self) -> Path:
        return self.places.hosts / self.name

    @property
    def cgroup(self) -> Path:
        return self.places.cgroup(self.name)

    @property
    def program(self) -> Background:
        return Background(self.places.processes, f"host-{self.name}")

    @property
    def declared(self) -> LabHost | None:
        """As it was when its files were made; None before."""
        try:
            return LabHost(**json.loads((self.folder / "host.json").read_text()))
        except FileNotFoundError:
            return None

    def running(self) -> Process | None:
        return self.program.find()

    def leader(self) -> int | None:
        """Process number of the host's own systemd; None while it does not run."""
        for file in self.cgroup.rglob("cgroup.procs"):
            for pid in map(int, file.read_text().split()):
                if is_first_of_its_namespace(pid):
                    return pid
        return None

    def inside(self, argv: Sequence[str]) -> list[str]:
        """The command that runs `argv` on the host as root, beside its network: also while that is cut off."""
        leader = self.leader()
        if leader is None:
            raise LabError(
                f"{self.name}: is not running; start it with: scripts/lab start {self.places.stack} {self.name}"
            )
        return ["nsenter", f"--target={leader}", "--all", "--", "env", "-i", *ENVIRONMENT, *argv]

    def make(self, base: Path, public_key: str, sources: Sources) -> None:
        """A half-made host has another name, so it is never booted."""
        partial = self.folder.with_name(f"{self.name}.partial")
        remove_tree(partial)
        install(partial, self.host, base, public_key, sources)
        (partial / "host.json").write_text(json.dumps(self.host.as_dict()))
        partial.rename(self.folder)

    def start(self, base: Path) -> None:
        self._end_remains()
        places = self.places
        self.program.start(
            [BOOT, base, self.folder, self.cgroup, places.namespace_file, places.machine(self.name), self.name,
             network.BRIDGE]
        )  # fmt: skip

    def wait(self) -> None:
        """Until a login works and its systemd has started everything, or says it could not."""
        if not wait_until(self._answers, seconds=BOOT_SECONDS):
            raise LabError(f"{self.name}: no login after {BOOT_SECONDS} s; {self.program.last_words()}")
        if not wait_until(lambda: self._state() not in {"initializing", "starting", ""}, seconds=BOOT_SECONDS):
            raise LabError(f"{self.name}: still starting after {BOOT_SECONDS} s; {self.program.last_words()}")
        if self._state() == "degraded":
            print(f"{self.name}: runs, but not all of it: {self._ssh('systemctl --failed --plain --no-legend')}")

    def kill(self) -> None:
        """As when the power goes: every process at once, nothing is told."""
        self._end_remains()

    def remove(self) -> None:
        self._end_remains()
        remove_tree(self.folder)

    def freeze(self, frozen: bool) -> None:
        (self.cgroup / "cgroup.freeze").write_text("1" if frozen else "0")

    def frozen(self) -> bool:
        try:
            return "frozen 1" in (self.cgroup / "cgroup.events").read_text()
        except FileNotFoundError:
            return False

    def _answers(self) -> bool:
        if not self.running():
            raise LabError(f"{self.name}: did not start; {self.program.last_words()}")
        return self._state() != ""

    def _state(self) -> str:
        return self._ssh("systemctl is-system-running")

    def _ssh(self, command: str) -> str:
        login = ["ssh", "-F", str(config(self.places)), "-o", "BatchMode=yes", "-o", "ConnectTimeout=1", self.name]
        return network.attempt(self.places, [*login, command]).strip()

    def _end_remains(self) -> None:
        """Its cable, all processes of the host, also those whose starter is gone, and their control group."""
        network.disconnect(self.places, self.places.bridge_port(self.name))
        if self.cgroup.is_dir():
            (self.cgroup / "cgroup.kill").write_text("1")
            if not wait_until(self._empty, seconds=10):
                raise LabError(f"{self.name}: processes in {self.cgroup} outlive SIGKILL; look there with ps")
            for folder, _, _ in os.walk(self.cgroup, topdown=False):
                Path(folder).rmdir()
        self.program.stop()

    def _empty(self) -> bool:
        return "populated 0" in (self.cgroup / "cgroup.events").read_text()


def is_first_of_its_namespace(pid: int) -> bool:
    """Whether it is the process 1 of a container; False for one that has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    numbers = next((line.split()[1:] for line in status.splitlines() if line.startswith("NSpid:")), [])
    return len(numbers) > 1 and numbers[-1] == "1"
