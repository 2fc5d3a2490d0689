"""Where drift learns what is declared."""

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest

from commands.drift import DriftError, state
from commands.drift.state import Places, State, expected_logins, exporting, load_state
from onprem.inventory import Login

PROVIDER = "urn:pulumi:one::im::pulumi:providers:onprem::default"
MARKED = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "plaintext": '"hush"'}
SERVICE = {"host": "web1", "service": "nginx", "secrets": {"pw": "hush"}}


def resource(**fields: Any) -> dict[str, Any]:
    inputs = {"host": "web1", "service": "nginx", "secrets": {"pw": MARKED}}
    urn = "urn:pulumi:one::im::im:a:B$onprem:index:Service::web1/nginx"
    return {"urn": urn, "type": "onprem:index:Service", "provider": f"{PROVIDER}::p1", "inputs": inputs, **fields}


def export(*resources: dict[str, Any], **fields: Any) -> dict[str, Any]:
    hosts = {"hosts": json.dumps({"web1": {"address": "192.0.2.1"}})}
    stale = {"hosts": json.dumps({"web1": {"address": "192.0.2.9"}})}
    providers = [
        {"urn": PROVIDER, "type": "pulumi:providers:onprem", "id": "p0", "inputs": stale, "delete": True},
        {"urn": PROVIDER, "type": "pulumi:providers:onprem", "id": "p1", "inputs": hosts},
        {"urn": f"{PROVIDER}_unused", "type": "pulumi:providers:onprem", "id": "p2", "inputs": stale},
    ]
    return {"version": 3, "deployment": {"resources": [*providers, *resources], **fields}}


@pytest.fixture
def places(tmp_path: Path) -> Places:
    (tmp_path / "Pulumi.one.yaml").write_text("config: {'onprem:hosts': {web1: {address: 192.0.2.2}}}\n")
    return Places(tmp_path, tmp_path, tmp_path / "saved")


def with_engine(places: Places, text: str) -> Places:
    program = places.program / "pulumi"
    program.write_text(f"#!/bin/sh\n{text}\n")
    program.chmod(0o755)
    return Places(places.program, places.stacks, places.saved, (str(program),))


def with_export(places: Places, content: dict[str, Any]) -> Places:
    (places.program / "export.json").write_text(json.dumps(content))
    return with_engine(places, "echo $* >asked; cat export.json")


def save(places: Places, mode: int = 0o600) -> Path:
    urn = "urn:pulumi:one::im::im:a:B$onprem:index:Service::web1/nginx"
    other = "urn:pulumi:one::im::im:a:B$onprem:index:Host::web1"
    resources = {
        urn: {"id": "web1/nginx", "inputs": SERVICE, "outputs": {}},
        other: {"id": "web1", "inputs": {"host": "web1"}, "outputs": {}},
    }
    places.saved.mkdir()
    path = places.saved / "one.json"
    path.write_text(json.dumps({"version": 1, "resources": resources, "outputs": {}}))
    path.chmod(mode)
    return path


def loaded(places: Places) -> State:
    async def load() -> State:
        async with exporting("one", places, os.environ) as engine:
            return await load_state("one", places, engine)

    return asyncio.run(load())


def sentence(places: Places) -> str:
    with pytest.raises(DriftError) as error:
        loaded(places)
    return str(error.value)


def test_the_engine_tells_inputs_secrets_and_the_hosts_of_the_provider_in_use(places: Places) -> None:
    places = with_export(places, export(resource(), resource(delete=True)))

    assert loaded(places) == State("pulumi", {"web1": Login("192.0.2.1")}, (SERVICE,))
    asked = (places.program / "asked").read_text()
    assert asked == "stack export --show-secrets --non-interactive --stack one\n"


def test_pending_operations_are_told(places: Places) -> None:
    pending = [{"resource": resource(), "type": "updating"}]

    found = loaded(with_export(places, export(resource(), pending_operations=pending)))

    assert found.notes == (
        "web1/nginx: a run that was interrupted, or is under way, is updating it; the state may be behind",
    )


def test_without_an_engine_what_apply_saved_is_the_state(places: Places) -> None:
    save(places)

    assert loaded(places) == State("scripts/apply", {"web1": Login("192.0.2.2")}, (SERVICE,))


def test_a_stack_that_the_engine_does_not_know_is_that_of_apply(places: Places) -> None:
    save(places)

    found = loaded(with_engine(places, "echo \"error: no stack named 'one' found\" >&2; exit 6"))

    assert (found.source, found.notes) == ("scripts/apply", ())


def test_says_why_the_engines_state_was_not_compared(places: Places) -> None:
    path = save(places)

    found = loaded(with_engine(places, "echo error: incorrect passphrase >&2; exit 1"))

    assert found.notes == (f"the engine's state cannot be had (incorrect passphrase); compared with {path}",)


def test_a_failing_engine_is_told_in_its_own_words(places: Places) -> None:
    failing = with_engine(places, "echo error: incorrect passphrase >&2; exit 1")

    assert sentence(failing) == "one: pulumi does not tell its state: incorrect passphrase"


def test_says_that_nothing_is_deployed(places: Places) -> None:
    hint = "; pulumi is not on PATH, so only what scripts/apply saved was looked for"

    assert sentence(places) == f"one: nothing is deployed{hint}"
    assert sentence(with_export(places, {"version": 3, "deployment": {}})) == "one: nothing is deployed"


def test_a_state_without_a_service_is_not_as_declared(places: Places) -> None:
    assert sentence(with_export(places, export())) == "one: its state has no service on any host; deploy it first"


def test_refuses_saved_values_that_others_may_read(places: Places) -> None:
    path = save(places, 0o644)

    assert sentence(places) == (
        f"one: its state cannot be used: {path}: others may read it, and it holds secrets; run: chmod 600 {path}"
    )


def test_an_engine_that_does_not_answer_is_given_up(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "ENGINE_SECONDS", 0.1)

    said = sentence(with_engine(places, "exec sleep 2"))

    assert said == "one: pulumi does not tell its state: no answer within 0.1 s"


def test_the_hosts_of_the_stack_file_are_expected(places: Places) -> None:
    assert expected_logins("one", places) == {"web1": Login("192.0.2.2")}


@pytest.mark.parametrize("text", ["config: [", "config: {'onprem:hosts': {web1: {}}}", ""])
def test_a_stack_file_that_cannot_be_used_lets_nothing_be_expected(places: Places, text: str) -> None:
    (places.stacks / "Pulumi.one.yaml").write_text(text)

    assert expected_logins("one", places) == {}
    assert expected_logins("organization/im/one", places) == {}
