"""A rolling change of every host: settings that restart the clustered services go out as the stack was deployed."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from commands.apply.stack_file import owned_by_engine, read_document, stack_path
from commands.drill.site import Site
from commands.lab.processes import run

ROOT = Path(__file__).parents[3]
APPLY = ROOT / "scripts" / "apply"
CHANGES: Mapping[str, Mapping[str, int]] = {
    "im:ejabberd": {"processes": 123_000},
    "im:etcd": {"election_milliseconds": 1_100},
    "im:haproxy": {"idle_seconds": 1_900},
    "im:postgresql": {"max_connections": 110},
    "im:rabbitmq": {"memory_megabytes": 300},
    "im:redis": {"max_connections": 1_100},
}
"""HAProxy is reloaded, all others restart; the database's primary is handed over before its turn."""


def change(site: Site, _: Sequence[str]) -> None:
    """There, with a stack file of its own."""
    with tempfile.TemporaryDirectory() as name:
        stack_file = Path(name) / f"Pulumi.{site.stack}.yaml"
        document = changed(read_document(stack_path(site.stack, site.stacks)))
        stack_file.write_text(yaml.safe_dump(document, sort_keys=False))
        _deploy(site, stack_file)


def change_back(site: Site, _: Sequence[str]) -> None:
    """And back: hosts that are as declared are left alone."""
    _deploy(site, stack_path(site.stack, site.stacks))


def changed(document: Mapping[str, Any]) -> dict[str, Any]:
    """The stack file with these settings; all others in it stay."""
    config: dict[str, Any] = dict(document["config"])
    return {
        **document,
        "config": {**config, **{key: {**(config.get(key) or {}), **new} for key, new in CHANGES.items()}},
    }


def deploying(site: Site, stack_file: Path) -> list[str]:
    """The command for a stack that the engine owns, or for one that it does not."""
    if owned_by_engine(read_document(stack_file)):
        told = ["--yes", "--skip-preview", "--stack", site.stack, "--config-file", str(stack_file)]
        return ["pulumi", "--cwd", str(ROOT), "up", *told]
    return [str(APPLY), site.stack, "--stacks", str(stack_file.parent), "--saved", str(site.saved)]


def _deploy(site: Site, stack_file: Path) -> None:
    run(deploying(site, stack_file), doing=f"deploying {stack_file}")
