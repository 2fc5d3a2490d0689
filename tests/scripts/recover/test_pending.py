"""What was under way, and what becomes of it."""

import json

import pytest

from commands.recover import RecoverError
from commands.recover.pending import operations


def state(*pending: tuple[str, str]) -> str:
    return json.dumps(
        {
            "version": 3,
            "deployment": {
                "resources": [],
                "pending_operations": [
                    {"type": doing, "resource": {"urn": f"urn:pulumi:dev::im::{rest}"}} for doing, rest in pending
                ],
            },
        }
    )


def test_each_operation_says_what_becomes_of_it() -> None:
    found = operations(
        "dev",
        state(
            ("creating", "im:data_stores:Redis$onprem:index:Service::dev1/redis"),
            ("updating", "onprem:index:Service::dev1/ssh"),
            ("creating", "random:index/randomPassword:RandomPassword::queue"),
            ("creating", "command:local:Command::dev1/package"),
            ("deleting", "tls:index/privateKey:PrivateKey::ca"),
        ),
    )

    assert [str(each) for each in found] == [
        "dev1/redis: creating (onprem:index:Service): forgotten; pulumi up takes over what is on the host already",
        "dev1/ssh: updating (onprem:index:Service): forgotten; pulumi up --refresh looks at the host and goes on from"
        " there",
        "queue: creating (random:index/randomPassword:RandomPassword): forgotten; no host has it yet, pulumi up makes"
        " another one",
        "dev1/package: creating (command:local:Command): forgotten; pulumi up does it again",
        "ca: deleting (tls:index/privateKey:PrivateKey): forgotten; pulumi up goes on from the last known state",
    ]


@pytest.mark.parametrize("text", ['{"version": 3, "deployment": null}', state(), '{"deployment": {"manifest": {}}}'])
def test_nothing_is_under_way(text: str) -> None:
    assert operations("dev", text) == []


def test_a_state_that_is_not_understood_is_a_sentence() -> None:
    with pytest.raises(RecoverError) as error:
        operations("dev", "[]")

    assert str(error.value) == (
        "dev: its state is not understood (AttributeError(\"'list' object has no attribute 'get'\")); look at: pulumi"
        " stack export"
    )
