"""One measurement: a command's time, what it used here and on the hosts, how often it logged in."""

import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.lab import Hosts, cpu_seconds

JOIN = 'echo $$ >"$1/cgroup.procs" && shift && exec "$@"'


@dataclass(frozen=True)
class Command:
    """A command line, what it is given beside this process's own environment, and the exit codes of a success."""

    argv: Sequence[str]
    cwd: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    codes: Sequence[int] = (0,)


@dataclass(frozen=True)
class Measured:
    """`controller_cpu` and `hosts_cpu` are CPU seconds, `logins` those on all hosts together."""

    seconds: float
    controller_cpu: float
    hosts_cpu: float
    logins: int
    code: int
    output: str
    errors: str


def measure(command: Command, hosts: Hosts, environment: Mapping[str, str]) -> Measured:
    """Runs `command` in the lab's network, in a control group of its own; ends what it leaves running."""
    group = hosts.controller
    group.mkdir(exist_ok=True)
    logins, hosts_cpu, cpu = hosts.logins(), hosts.cpu_seconds(), cpu_seconds(group)
    began = time.monotonic()
    done = subprocess.run(
        ["sh", "-c", JOIN, "sh", str(group), *hosts.inside(command.argv)],
        cwd=command.cwd,
        env={**environment, **hosts.environment, **command.environment},
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.monotonic() - began
    used, used_there = cpu_seconds(group) - cpu, hosts.cpu_seconds() - hosts_cpu
    (group / "cgroup.kill").write_text("1")
    new_logins = hosts.logins() - logins - len(hosts.names)
    return Measured(seconds, used, used_there, new_logins, done.returncode, done.stdout, done.stderr)
