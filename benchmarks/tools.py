"""What is measured against what, in which cases, and what is left out."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from benchmarks.ansible import Ansible
from benchmarks.engine import Project
from benchmarks.floor import Floor
from benchmarks.items import Declared
from benchmarks.lab import Hosts
from benchmarks.measure import Command, Measured
from benchmarks.ours import Drift, Engine
from benchmarks.pyinfra_tool import PyInfra
from commands.apply.engine import installed_engine
from commands.lab.places import ROOT

CASES = ("first", "unchanged", "check", "drift", "line_one", "line_all")
SEEDED = 3
REFRESHING = {"unchanged": "unchanged_live"}
ANSIBLE_HOSTS = 1
ANSIBLE_ROUNDS = 1  # each case takes it minutes


class Tool(Protocol):
    """One column of the table."""

    @property
    def name(self) -> str: ...

    @property
    def project(self) -> Project | None:
        """Where its state is, if it has one."""

    def declare(self, declared: Declared) -> None:
        """Writes what the tool is given for `declared`."""

    def command(self, case: str) -> Command:
        """What an operator would run."""

    def found(self, measured: Measured) -> int | None:
        """How many differences it reported, None when it does not say."""


@dataclass(frozen=True)
class Selection:
    """What was asked for; None is everything."""

    ansible: bool = True
    tools: Collection[str] | None = None
    cases: Collection[str] | None = None

    def of(self, by_case: Mapping[str, list[Tool]]) -> Mapping[str, list[Tool]]:
        """The tools of each case that are to be measured."""
        tools, cases = self.tools, self.cases
        return {
            case: [tool for tool in found if tools is None or tool.name in tools]
            for case, found in by_case.items()
            if cases is None or case in cases
        }


class Tools:
    """The tools for some hosts, by case, in the order they are measured in. `ours` is the last to deploy."""

    def __init__(self, hosts: Hosts, folder: Path, selection: Selection) -> None:
        self.project = Project(folder / "ours", hosts.stack, ROOT / "provider")
        self.engine_project = Project(folder / "engine_floor", hosts.stack, ROOT / "benchmarks/engine_floor")
        self.floor = Floor(hosts, folder / "floor")
        self.ours = Engine("ours", self.project)
        peers: list[Tool] = [self.floor, PyInfra(hosts, folder / "pyinfra")]
        if selection.ansible and len(hosts.names) <= ANSIBLE_HOSTS:
            peers.append(Ansible(hosts, folder / "ansible"))
        engine: list[Tool] = [Engine("engine_floor", self.engine_project)] if installed_engine() else []
        refresh: list[Tool] = [Engine("ours_refresh", self.project, REFRESHING)] if installed_engine() else []
        looking: list[Tool] = [*([self.ours] if installed_engine() else []), Drift(self.project)]
        unlogged: list[Tool] = [
            Engine("engine_floor_unlogged", self.engine_project, logged=False),
            Engine("ours_unlogged", self.project, logged=False),
        ]
        everything: dict[str, list[Tool]] = {
            "first": [*engine, *peers, self.ours],
            "unchanged": [*engine, *peers, self.ours, *refresh],
            "check": [*engine, *peers, *looking, *(unlogged if installed_engine() else [])],
            "drift": [*peers, *looking],
            "line_one": [*engine, *peers, self.ours],
            "line_all": [*engine, *peers, self.ours],
        }
        self.by_case = selection.of(everything)


def left_out(counts: Sequence[int], *, ansible: bool) -> list[str]:
    """What is not measured, one sentence each."""
    found = []
    if not ansible:
        found.append("Ansible was left out: a quick run has no time for it.")
    elif max(counts) > ANSIBLE_HOSTS:
        found.append(f"Ansible was left out with more than {ANSIBLE_HOSTS} host: a run takes it minutes there.")
    if not installed_engine():
        found.append("There is no pulumi on PATH: scripts/apply stands for `pulumi up`, and previews were left out.")
    return found
