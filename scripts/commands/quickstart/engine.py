"""The engine that will run the program: one that is installed, else the official release, else none."""

import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from commands.quickstart import QuickstartError
from commands.quickstart.programs import quiet
from commands.quickstart.release import Release

PLUGINS = ("command", "random", "tls")
PLUGIN_SECONDS = 90
LIST_SECONDS = 30

Say = Callable[[str], None]


@dataclass(frozen=True)
class Engine:
    """A `pulumi` that has every plugin the program needs. `environment` is what its commands run with."""

    environment: Mapping[str, str]


def find_engine(folder: Path, say: Say, release: Release | None = None) -> Engine | None:
    """An engine, or None with the reason said. `folder` keeps what is downloaded."""
    try:
        environment = _installed() or _downloaded(folder, say, release or Release(version("pulumi")))
        _add_plugins(environment, say)
    except QuickstartError as reason:
        say(f"going on without the Pulumi engine: {reason}")
        return None
    return Engine(environment)


def _installed() -> dict[str, str] | None:
    return {"PULUMI_SKIP_UPDATE_CHECK": "true"} if shutil.which("pulumi") else None


def _downloaded(folder: Path, say: Say, release: Release) -> dict[str, str]:
    programs = folder / f"pulumi-{release.version}"
    if not programs.exists():
        release.fetch(programs, say)
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    return {"PATH": path, "PULUMI_HOME": str(folder / "home"), "PULUMI_SKIP_UPDATE_CHECK": "true"}


def _add_plugins(environment: Mapping[str, str], say: Say) -> None:
    present = _plugins(environment)
    for name in PLUGINS:
        wanted = version(f"pulumi-{name}")
        if (name, wanted) in present or shutil.which(f"pulumi-resource-{name}", path=environment.get("PATH")):
            continue
        say(f"installing Pulumi's plugin {name} {wanted}")
        done = quiet(_pulumi(environment, "plugin", "install", "resource", name, wanted), environment, PLUGIN_SECONDS)
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise QuickstartError(f"its plugin {name} {wanted} cannot be had ({last})")


def _plugins(environment: Mapping[str, str]) -> set[tuple[str, str]]:
    done = quiet(_pulumi(environment, "plugin", "ls", "--json"), environment, LIST_SECONDS)
    if done.returncode:
        raise QuickstartError(f"pulumi plugin ls ended with status {done.returncode}")
    return {(plugin["name"], plugin.get("version", "")) for plugin in json.loads(done.stdout)}


def _pulumi(environment: Mapping[str, str], *arguments: str) -> list[str]:
    program = shutil.which("pulumi", path=environment.get("PATH"))
    if not program:
        raise QuickstartError("the release holds no pulumi for this machine")
    return [program, *arguments]
