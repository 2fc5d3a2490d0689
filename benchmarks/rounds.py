"""The order of measurements: rounds of all cases, in each case tool after tool, on the same hosts."""

import hashlib
import os
import sys
from pathlib import Path

from benchmarks import BenchmarkError, probe
from benchmarks.engine import Project
from benchmarks.floor import apply
from benchmarks.items import Declared, services
from benchmarks.lab import Hosts
from benchmarks.measure import Measured, measure
from benchmarks.ours import Engine
from benchmarks.results import Results, Sample
from benchmarks.tools import ANSIBLE_ROUNDS, CASES, Selection, Tool, Tools

SEEDS = """\
echo '# by hand' >>/etc/bench-00/conf.d/01.conf
chmod 0777 /var/log/bench-00
systemctl stop bench-00.service
"""


class Rounds:
    """All measurements with some number of hosts. `count` is how many services each host has."""

    def __init__(self, hosts: Hosts, folder: Path, results: Results, count: int, selection: Selection) -> None:
        self._hosts = hosts
        self._results = results
        self._count = count
        self._tools = Tools(hosts, folder, selection)
        self._environment = dict(os.environ)
        self._revisions = dict.fromkeys(hosts.names, 0)
        self._known: dict[Path, Declared] = {}
        self._warm = self._deployed = False

    def run(self, number: int) -> None:
        """One round; what was measured before is left out."""
        for case in CASES:
            missing = [tool for tool in self._tools.by_case.get(case, []) if not self._has(case, tool, number)]
            if not missing:
                continue
            if case != "first":
                self._ensure_deployed()
            if case == "drift":
                self._hosts.each(lambda host: SEEDS if host == self._hosts.names[0] else ":")
            for tool in missing:
                self._measure(case, tool, number)
            if case == "drift":
                self._hosts.each(lambda host: apply(self.declared[host]))
                self._prove("the benchmark's own repair")

    @property
    def declared(self) -> Declared:
        """What every tool is told now."""
        return {host: services(self._count, revision) for host, revision in self._revisions.items()}

    def _has(self, case: str, tool: Tool, number: int) -> bool:
        if tool.name == "ansible" and number >= ANSIBLE_ROUNDS:
            return True
        return self._results.has(len(self._hosts.names), case, tool.name, number)

    def _measure(self, case: str, tool: Tool, number: int) -> None:
        if case == "first":
            self._bare(tool)
        elif tool.project:
            self._settle(tool.project)
        if case in ("line_one", "line_all"):
            changed = self._hosts.names[:1] if case == "line_one" else self._hosts.names
            self._revisions = {host: old + (host in changed) for host, old in self._revisions.items()}
        measured = self._run(case, tool)
        changes_hosts = case not in ("check", "drift") and tool.name != "engine_floor"
        self._keep(case, tool, number, measured, self._prove(tool.name) if changes_hosts else "")

    def _run(self, case: str, tool: Tool) -> Measured:
        tool.declare(self.declared)
        command = tool.command(case)
        measured = measure(command, self._hosts, self._environment)
        if measured.code not in command.codes:
            said = (measured.errors.strip() or measured.output.strip()).splitlines()[-15:]
            raise BenchmarkError("\n".join([f"{tool.name}: {case} ended with status {measured.code}:", *said]))
        if tool.project and case not in ("check", "drift"):
            self._known[tool.project.folder] = self.declared
            self._deployed = self._deployed or tool is self._tools.ours
        return measured

    def _bare(self, tool: Tool) -> None:
        """Hosts as they were installed, and no state."""
        if not self._warm:
            self._hosts.renew()
            packages = " ".join(package for service in services(self._count) for package in service.packages)
            download = f"apt-get install --yes --quiet --quiet --no-install-recommends --download-only {packages}"
            self._hosts.each(lambda host: download if host == self._hosts.names[0] else ":")
            self._warm = True
        if tool.name != "engine_floor":
            self._hosts.renew()
            self._deployed = False
        if tool.project:
            self._make(tool.project)

    def _make(self, project: Project) -> None:
        project.make(self._hosts.addresses, self._environment)
        self._known[project.folder] = {}

    def _ensure_deployed(self) -> None:
        if not self._deployed:
            say(f"{len(self._hosts.names)} hosts: deploying, not measured")
            self._hosts.renew()
            self._make(self._tools.project)
            self._hosts.each(lambda host: apply(self.declared[host]))
            self._run("first", self._tools.ours)

    def _settle(self, project: Project) -> None:
        """Other tools have changed hosts since: the state knows no less than they do."""
        if project.folder not in self._known:
            self._make(project)
        if self._known[project.folder] != self.declared:
            tool = self._tools.ours if project == self._tools.ours.project else Engine("engine_floor", project)
            self._run("first", tool)

    def _prove(self, name: str) -> str:
        """A digest of what each host has; raises when that is not what is declared."""
        found = self._hosts.each(lambda host: probe.script(self.declared[host]) + "probe | sort")
        for host, text in found.items():
            missing = set(probe.lines(self.declared[host])) ^ set(text.splitlines())
            if missing:
                raise BenchmarkError(f"{name}: {host} is not as declared: {' / '.join(sorted(missing)[:6])}")
        return hashlib.sha256("".join(found.values()).encode()).hexdigest()[:12]

    def _keep(self, case: str, tool: Tool, number: int, measured: Measured, digest: str) -> None:
        sample = Sample(
            hosts=len(self._hosts.names),
            case=case,
            tool=tool.name,
            round=number,
            seconds=round(measured.seconds, 3),
            controller_cpu=round(measured.controller_cpu, 3),
            hosts_cpu=round(measured.hosts_cpu, 3),
            logins=measured.logins,
            found=tool.found(measured),
            digest=digest,
        )
        self._results.keep(sample)
        say(
            f"{sample.hosts} hosts, {case}, {tool.name}: {sample.seconds:.2f} s, CPU {sample.controller_cpu:.2f} here,"
            f" {sample.hosts_cpu:.2f} there, {sample.logins} logins, found {sample.found}"
        )


def say(text: str) -> None:
    """How far it is."""
    print(text, file=sys.stderr, flush=True)
