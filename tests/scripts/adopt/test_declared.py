"""What the program would declare, found without an engine."""

from pathlib import Path

import pytest
import yaml

from commands.adopt import AdoptError
from commands.adopt.config import Config
from commands.adopt.declared import PASSWORD, Program, Values, declare, hosts_of, services_of
from commands.adopt.imports import entries
from commands.drift.state import MARK
from tests.recording import ROOT, STACKS

PROGRAM = Program(ROOT, "im", "dev")


def config(**settings: object) -> Config:
    """The stack `dev`, with other settings."""
    path = STACKS / "Pulumi.dev.yaml"
    return Config(path, yaml.safe_load(path.read_text())["config"], {}).having(settings)


def test_everything_is_known_and_the_same_in_each_run() -> None:
    values = Values()
    first, again = declare(PROGRAM, config(), values), declare(PROGRAM, config(), values)

    assert [host.name for host in hosts_of(first)] == ["dev1"]
    assert len(services_of(first)) == 12
    assert sorted(one.urn for one in first) == sorted(one.urn for one in again)
    assert {one.urn: one.outputs for one in first} == {one.urn: one.outputs for one in again}


def test_a_password_that_hosts_have_is_taken() -> None:
    values = Values(known={"redis_password": "from.the.host.0"})

    resources = declare(PROGRAM, config(), values)

    (redis,) = (one for one in services_of(resources) if one.name == "dev1/redis")
    assert redis.plain["secrets"]["password"] == "from.the.host.0"


def test_secrets_are_marked_in_what_is_imported() -> None:
    for entry in entries(declare(PROGRAM, config(), Values())):
        if entry["type"] == PASSWORD:
            assert MARK in entry["outputs"]["result"]
        if entry["type"].startswith("tls:index/privateKey"):
            assert MARK in entry["outputs"]["privateKeyPem"]


def test_what_is_kept_is_not_declared() -> None:
    resources = declare(PROGRAM, config(**{"im:keep": {"dev1": {"redis": ["all"]}}}), Values())

    assert "dev1/redis" not in [one.name for one in services_of(resources)]


def test_a_mistake_in_the_stack_file_is_told_as_the_program_tells_it() -> None:
    with pytest.raises(AdoptError) as refused:
        declare(PROGRAM, config(**{"im:size": "huge"}), Values())

    assert str(refused.value) == "im:size: huge is not known; one of these is expected: 'small', 'medium' or 'large'"


def test_an_encrypted_setting_counts_as_encrypted() -> None:
    brought = Config(Path("x"), config().values, {"im:redis_password": "b7Qx2mNf9KdLw4RzPc"})

    resources = declare(PROGRAM, brought, Values())

    (redis,) = (one for one in services_of(resources) if one.name == "dev1/redis")
    assert redis.plain["secrets"]["password"] == "b7Qx2mNf9KdLw4RzPc"
