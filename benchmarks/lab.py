"""The hosts that are measured: a lab of this benchmark's own, made anew as often as needed."""

import contextlib
import io
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import yaml

from benchmarks import BenchmarkError
from commands.lab import requirements
from commands.lab.access import config
from commands.lab.errors import LabError
from commands.lab.lab import Lab, locked
from commands.lab.network import inside
from commands.lab.places import ROOT, Places
from commands.lab.session import environment

SUBNET = "10.77.0"
PREPARE = "apt-get update --quiet --quiet"
ACCEPTED = "journalctl --sync && journalctl --identifier sshd --output cat --no-pager | grep --count '^Accepted'"
"""journald may be behind: it is waited for, and not asked by unit, since it may see sshd in the session's by then."""


@dataclass(frozen=True)
class Hosts:
    """`stacks` holds the lab's stack file."""

    lab: Lab
    stacks: Path
    names: tuple[str, ...]

    @property
    def stack(self) -> str:
        return self.lab.places.stack

    @property
    def addresses(self) -> dict[str, str]:
        """By name."""
        return {name: f"{SUBNET}.{number}" for number, name in enumerate(self.names, start=11)}

    @property
    def ssh_config(self) -> Path:
        return config(self.lab.places)

    @property
    def environment(self) -> dict[str, str]:
        """What a command inside the lab's network is given beside the usual."""
        return environment(self.lab.places)

    @property
    def controller(self) -> Path:
        """The control group of what is measured, on this side."""
        return self.lab.places.cgroup(self.names[0]).parent.with_name(f"{self.lab.places.namespace}-controller")

    def inside(self, argv: Sequence[str]) -> list[str]:
        """A command line that runs `argv` in the lab's network."""
        return inside(self.lab.places, argv)

    def renew(self) -> None:
        """Bare hosts, with their lists of packages: what they had before is gone."""
        with _explained(), locked(self.lab):
            self.stacks.mkdir(parents=True, exist_ok=True)
            hosts = {name: {"address": address} for name, address in self.addresses.items()}
            (self.stacks / f"Pulumi.{self.stack}.yaml").write_text(yaml.safe_dump({"config": {"onprem:hosts": hosts}}))
            with contextlib.redirect_stdout(io.StringIO()):
                for machine in self.lab.machines if self.lab.places.record.exists() else ():
                    machine.remove()
                self.lab.up(self.stacks)
        self.each(lambda host: PREPARE)

    def remove(self) -> None:
        """The whole lab."""
        with contextlib.suppress(FileNotFoundError):
            self.controller.rmdir()
        with _explained(), locked(self.lab), contextlib.redirect_stdout(io.StringIO()):
            self.lab.down()

    def each(self, script: Callable[[str], str]) -> dict[str, str]:
        """What `script`, made for each host, prints there; raises when it fails on one."""
        with ThreadPoolExecutor(len(self.names)) as pool:
            return dict(zip(self.names, pool.map(lambda host: self._sh(host, script(host)), self.names), strict=True))

    def logins(self) -> int:
        """How often somebody has logged in to all of them, this question's own logins included."""
        return sum(int(count) for count in self.each(lambda host: ACCEPTED).values())

    def cpu_seconds(self) -> float:
        """What all of them have used since they were started."""
        return sum(cpu_seconds(machine.cgroup) for machine in self.lab.machines)

    def _sh(self, host: str, script: str) -> str:
        argv = self.inside(["ssh", "-F", str(self.ssh_config), host, "sh -s"])
        done = subprocess.run(argv, input=script, capture_output=True, text=True, check=False)
        if done.returncode:
            raise BenchmarkError(f"{host}: a script of the benchmark failed: {done.stderr.strip() or done.returncode}")
        return done.stdout


def hosts(count: int, folder: Path) -> Hosts:
    """Hosts that are not there yet, in a lab of the stack `bench-COUNT`."""
    return Hosts(Lab(Places(f"bench-{count}", ROOT)), folder / "stacks", tuple(f"h{n}" for n in range(1, count + 1)))


def ensure() -> None:
    """Installs what the lab needs; raises where there can be none."""
    with _explained():
        requirements.ensure()


def cpu_seconds(cgroup: Path) -> float:
    """Of all processes that are or were in `cgroup`, those that were killed included."""
    fields: Mapping[str, str] = dict(line.split() for line in (cgroup / "cpu.stat").read_text().splitlines())
    return int(fields["usage_usec"]) / 1e6


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except LabError as error:
        raise BenchmarkError(str(error)) from None
