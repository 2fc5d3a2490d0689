"""This repository's own commands: `pulumi up` and `preview` with a provider, `scripts/drift`, and `scripts/apply`."""

import json
from collections.abc import Mapping

from benchmarks.engine import WORDS, Project
from benchmarks.items import Declared
from benchmarks.measure import Command, Measured
from commands.apply.engine import installed_engine
from commands.lab.places import ROOT


class Engine:
    """`pulumi` with the provider of `project`; where there is no engine, `scripts/apply` in the place of `up`."""

    def __init__(
        self, name: str, project: Project, cases: Mapping[str, str] | None = None, *, logged: bool = True
    ) -> None:
        self.name = name
        self.project = project
        self._cases = cases or {}
        self._logged = logged

    def declare(self, declared: Declared) -> None:
        self.project.declare(declared)

    def command(self, case: str) -> Command:
        words = WORDS[self._cases.get(case, case)]
        argv = self.project.command(words) if installed_engine() else [f"{ROOT}/scripts/apply", *places(self.project)]
        more = {} if self._logged else self.project.unlogged
        return Command(argv, self.project.folder, {**self.project.environment, **more})

    def found(self, measured: Measured) -> int | None:
        """The paths that a preview would change; an update's own summary counts resources."""
        if not measured.output.startswith("{"):
            return None
        return sum(len(step.get("detailedDiff") or {}) for step in json.loads(measured.output)["steps"] if _acts(step))


class Drift:
    """`scripts/drift`, on the state that `project` has."""

    name = "ours_drift"

    def __init__(self, project: Project) -> None:
        self.project = project

    def declare(self, declared: Declared) -> None:
        self.project.declare(declared)

    def command(self, case: str) -> Command:
        argv = [f"{ROOT}/scripts/drift", *places(self.project), "--format", "json"]
        return Command(argv, self.project.folder, self.project.environment, codes=(0, 2))

    def found(self, measured: Measured) -> int:
        return int(json.loads(measured.output)["drift"])


def places(project: Project) -> list[str]:
    """The stack, and where its things are."""
    folder = str(project.folder)
    return [project.stack, "--program", folder, "--stacks", folder, "--saved", f"{folder}/saved"]


def _acts(step: Mapping[str, object]) -> bool:
    return step["op"] in ("create", "update", "replace", "delete")
