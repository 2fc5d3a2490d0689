"""Secrets reach hosts in files and on the standard input of steps, and nowhere else."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from components.deployment import COMPONENTS
from tests.recording import Program, Registered

REFERENCE = re.compile(r"\$\{secret:([A-Za-z0-9_.-]+)\}")
VALUE = re.compile(r"\$\{value:([A-Za-z0-9_.-]+)\}")
COMPUTED = re.compile(r"\((privateKeyPem|privateKeyPemPkcs8|result) of ")


def texts(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Every text of an input and where it stands."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from texts(item, f"{path}/{name}" if "/" not in str(name) else f"{path}/(path)")
    elif isinstance(value, list):
        for item in value:
            yield from texts(item, path)
    elif isinstance(value, str):
        yield path, value


def test_references_stand_in_files_and_on_standard_input_only(program: Program) -> None:
    for service in program.services.values():
        for path, text in texts({name: item for name, item in service.inputs.items() if name != "secrets"}, ""):
            if REFERENCE.search(text):
                assert re.fullmatch(r"/files/\(path\)/content|/steps/[^/]+/stdin", path), (service.name, path)


def test_files_with_secrets_are_not_readable_by_everybody(program: Program) -> None:
    for service in program.services.values():
        for path, file in service.inputs.get("files", {}).items():
            if REFERENCE.search(file["content"]):
                assert file["mode"][-1] == "0", (service.name, path)


def test_what_is_referred_to_is_there_and_the_other_way_round(program: Program) -> None:
    for service in program.services.values():
        said = " ".join(text for _, text in texts(service.inputs, ""))
        assert set(REFERENCE.findall(said)) == set(service.inputs.get("secrets", {})), service.name
        used = set(VALUE.findall(said))
        assert used <= set(service.inputs.get("values", {})), service.name
        assert set(service.inputs.get("values", {})) - used <= {"administrators"}, service.name


def test_computed_secrets_are_inputs_of_nothing_but_secrets(program: Program) -> None:
    for resource in program.resources:
        for name, value in resource.inputs.items():
            if COMPUTED.search(json.dumps(value)):
                assert name in resource.secret or is_signing(resource, name), (resource.name, name)


def is_signing(resource: Registered, name: str) -> bool:
    """The providers of certificates mark their own keys; the SDK wraps them as secret already."""
    return resource.kind.startswith("tls:") and name in {"privateKeyPem", "caPrivateKeyPem"}


def test_passwords_that_are_asked_for_can_be_brought(program: Program) -> None:
    declared = {name for component in COMPONENTS for name in component.passwords}
    asked = {resource.name for resource in program.of("random:index/randomPassword:RandomPassword")}
    assert asked <= declared
