"""A Pulumi project in a folder of its own: the program, a provider, and a throw-away state in files."""

import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from benchmarks import BenchmarkError
from benchmarks.items import SHELL, Declared, Service
from commands.apply.engine import SIDE_BY_SIDE, installed_engine
from commands.lab.places import ROOT

STACK_FILE = "Pulumi.{stack}.yaml"
PASSPHRASE = "of a state that is thrown away"  # noqa: S105
WORDS: Mapping[str, tuple[str, ...]] = {
    "first": ("up", "--yes", "--skip-preview"),
    "unchanged": ("up", "--yes", "--skip-preview"),
    "unchanged_live": ("up", "--yes", "--skip-preview", "--refresh"),
    "check": ("preview", "--refresh", "--json"),
    "drift": ("preview", "--refresh", "--json"),
    "line_one": ("up", "--yes", "--skip-preview"),
    "line_all": ("up", "--yes", "--skip-preview"),
}
"""What pulumi is asked in each case."""


@dataclass(frozen=True)
class Project:
    """`provider` is the folder of the plugin `onprem`: the real one, or the one that does nothing."""

    folder: Path
    stack: str
    provider: Path

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PULUMI_BACKEND_URL": f"file://{self.folder}/state",
            "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
            "PULUMI_CONFIG_PASSPHRASE_FILE": "",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            **SIDE_BY_SIDE,
            "BENCHMARK_DECLARED": str(self.folder / "declared.json"),
        }

    @property
    def unlogged(self) -> dict[str, str]:
        """Without the log of every request that the engine keeps: a file has the name of the folder for it."""
        return {"PULUMI_HOME": f"{self.folder}/home"}

    def make(self, addresses: Mapping[str, str], environment: Mapping[str, str]) -> None:
        """Without any state."""
        shutil.rmtree(self.folder, ignore_errors=True)
        (self.folder / "state").mkdir(parents=True)
        (self.folder / "home").mkdir()
        (self.folder / "home/logs").touch()
        hosts = {"onprem:hosts": {name: {"address": address} for name, address in addresses.items()}}
        project = {"name": "benchmark", "runtime": RUNTIME, "plugins": {"providers": [self._plugin]}}
        (self.folder / "Pulumi.yaml").write_text(yaml.safe_dump(project))
        (self.folder / STACK_FILE.format(stack=self.stack)).write_text(yaml.safe_dump({"config": hosts}))
        (self.folder / "__main__.py").write_text((ROOT / "benchmarks/program.py").read_text())
        if installed_engine():
            self._init(environment)

    def declare(self, declared: Declared) -> None:
        """What the program registers from now on."""
        (self.folder / "declared.json").write_text(json.dumps(list(inputs(declared))))

    def command(self, words: Sequence[str]) -> list[str]:
        """`pulumi WORDS…` about the stack."""
        return ["pulumi", *words, "--stack", self.stack, "--non-interactive"]

    @property
    def _plugin(self) -> dict[str, str]:
        return {"name": "onprem", "path": str(self.provider)}

    def _init(self, environment: Mapping[str, str]) -> None:
        argv = self.command(["stack", "init"])[:-3] + [self.stack, "--non-interactive"]
        environment = {**environment, **self.environment}
        done = subprocess.run(argv, cwd=self.folder, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise BenchmarkError(f"pulumi stack init failed: {done.stderr.strip()}")


RUNTIME = {"name": "python", "options": {"toolchain": "pip", "virtualenv": str(ROOT / ".venv")}}


def inputs(declared: Declared) -> Iterator[dict[str, Any]]:
    """The inputs of each resource, as provider/README.md has them."""
    for host, services in declared.items():
        for service in services:
            yield {"host": host, "service": service.name, **state(service)}


def state(service: Service) -> dict[str, Any]:
    """The declared state of one service."""
    return {
        "packages": dict.fromkeys(service.packages, ""),
        "users": {service.name: {"system": True, "home": service.home, "shell": SHELL}},
        "directories": {item.path: _access(item) for item in service.directories},
        "files": {file.path: {"content": file.content, **_access(file)} for file in service.files},
        "units": {
            service.unit: {
                "running": True,
                "enabled": True,
                "reload_on": [service.reloaded_by.path],
                "restart_on": [service.unit_file.path],
            }
        },
        "healthy": {"command": f"systemctl is-active --quiet {service.unit}", "seconds": 30},
    }


def _access(item: Any) -> dict[str, str]:
    return {"mode": f"0{item.mode}", "owner": item.owner, "group": item.group}
