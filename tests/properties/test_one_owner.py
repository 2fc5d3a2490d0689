"""On one host each path, unit, user and port belongs to one service."""

from collections import defaultdict
from collections.abc import Iterator

import pytest

from components import rules
from components.deployment import COMPONENTS
from tests.recording import Program, settings_of
from tests.topologies import config


@pytest.mark.parametrize("kind", ["files", "directories", "users", "units"])
def test_belongs_to_one_service(program: Program, kind: str) -> None:
    assert {name: owners for name, owners in owned(program, kind) if len(owners) > 1} == {}


def owned(program: Program, kind: str) -> Iterator[tuple[str, list[str]]]:
    """`<host>:<name>` and the services that declare it."""
    owners: dict[str, list[str]] = defaultdict(list)
    for service in program.services.values():
        for name in service.inputs.get(kind, {}):
            owners[f"{service.inputs['host']}:{name}"].append(service.inputs["service"])
    return iter(owners.items())


def test_a_path_is_a_file_or_a_directory(program: Program) -> None:
    files = {name for name, _ in owned(program, "files")}
    assert files & {name for name, _ in owned(program, "directories")} == set()


def test_ports_have_one_owner(topology: str) -> None:
    settings = settings_of(config(topology), components=())
    assert list(rules.ports_are_used_once(settings, COMPONENTS)) == []
