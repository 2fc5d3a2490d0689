"""Which changes wait for a restore test."""

from collections.abc import Mapping
from typing import Any

import pytest

from components.problems import SettingsError
from tests.recording import as_config, run, settings_of
from tests.topologies import BACKUPS, TEST, recorded

GATED: Mapping[str, Any] = {**BACKUPS, "im:require_restore_test": "7d"}


def proofs(config: Mapping[str, Any]) -> dict[str, Any]:
    return {name: service.inputs.get("proof") for name, service in run(as_config(config), "prod").services.items()}


def test_no_change_waits_unless_the_stack_file_says_so() -> None:
    assert not [name for name, service in recorded("backups").services.items() if "proof" in service.inputs]


def test_data_stores_wait_and_nothing_else_does() -> None:
    found = {name.partition("/")[2] for name, proof in proofs(GATED).items() if proof}
    assert found == {"etcd", "postgresql", "rabbitmq"}


def test_what_is_asked_for() -> None:
    assert proofs(GATED)["im2/postgresql"] == {
        "host": "vote1",
        "path": "/var/lib/im-restore/newest.json",
        "seconds": 604800,
        "what": "restore test",
        "how": "scripts/restore-test prod",
        "reason": "",
        "until": "",
    }


def test_an_override_is_part_of_the_state() -> None:
    given = {"reason": "the disk is being replaced", "until": "2026-11-30"}
    proof = proofs({**GATED, "im:require_restore_test": "36h", "im:restore_test_override": given})["im1/etcd"]
    assert (proof["seconds"], proof["reason"], proof["until"]) == (129600, given["reason"], given["until"])


def test_refuses_a_gate_that_could_never_open() -> None:
    with pytest.raises(SettingsError) as refused:
        settings_of(as_config({**TEST, "im:require_restore_test": "7d"}))
    assert str(refused.value) == (
        "im:require_restore_test: nothing is saved offsite that could be restored;"
        " set im:backups.enabled, im:roles.operations and im:roles.offsite, or remove it"
    )
