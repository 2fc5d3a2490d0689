"""A state without its secrets, and the preview against it that needs no login, passphrase or key."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from commands.preview import PreviewError
from commands.preview.bare_state import SIGNATURE, STAND_IN, bare, save
from commands.preview.sandbox import sandbox
from components import rules
from tests.scripts.preview.scripted_engine import ScriptedEngine, scripted_engine

SECRET = {SIGNATURE[0]: SIGNATURE[1], "ciphertext": "v1:CANARY"}
EXPORTED: dict[str, Any] = {
    "version": 3,
    "deployment": {
        "secrets_providers": {"type": "passphrase", "state": {"salt": "v1:CANARY"}},
        "pending_operations": [{"type": "creating", "resource": {"inputs": {"password": SECRET}}}],
        "resources": [
            {"urn": "urn:a", "inputs": {"length": 32}, "outputs": {"result": SECRET, "list": [SECRET, "plain"]}},
            {"urn": "urn:b", "outputs": {"__pulumi_raw_state_delta": {"obj": SECRET}, "secrets": {"key": SECRET}}},
        ],
    },
}
ANSWERS = {
    "stack export": (0, json.dumps(EXPORTED), ""),
    "stack init": (0, "", ""),
    "config set": (0, "", ""),
    "stack import": (0, "", ""),
}


@pytest.fixture
def engine(tmp_path: Path) -> ScriptedEngine:
    return scripted_engine(tmp_path / "engine", ANSWERS)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with one stack that has encrypted settings."""
    folder = tmp_path / "project"
    (folder / "stacks").mkdir(parents=True)
    (folder / "components").mkdir()
    (folder / "Pulumi.yaml").write_text("name: im\n")
    config = {"im:domain": "chat.dev.test", "im:redis_password": {"secure": "v1:CANARY"}}
    stack = {"encryptionsalt": "v1:CANARY", "config": config}
    (folder / "stacks" / "Pulumi.dev.yaml").write_text(yaml.safe_dump(stack))
    return folder


def test_no_secret_and_no_salt_is_left() -> None:
    stand_in = {SIGNATURE[0]: SIGNATURE[1], "plaintext": json.dumps(STAND_IN)}

    assert bare(EXPORTED) == {
        "version": 3,
        "deployment": {
            "resources": [
                {
                    "urn": "urn:a",
                    "inputs": {"length": 32},
                    "outputs": {"result": stand_in, "list": [stand_in, "plain"]},
                },
                {"urn": "urn:b", "outputs": {"secrets": {"key": stand_in}}},
            ],
        },
    }


def test_the_stand_in_is_a_password_that_settings_accept() -> None:
    assert list(rules.secrets_are_strong({"redis_password": STAND_IN}, ["redis_password"])) == []


def test_saving_asks_the_backend_only(tmp_path: Path, root: Path, engine: ScriptedEngine) -> None:
    path = tmp_path / "states" / "dev.json"
    save("dev", root, path, engine.environment)

    assert json.loads(path.read_text()) == bare(EXPORTED)
    assert [call["arguments"] for call in engine.calls] == [["stack", "export", "--stack", "dev"]]


def test_a_backend_that_refuses_is_a_sentence(tmp_path: Path, root: Path) -> None:
    engine = scripted_engine(tmp_path / "other", {"stack export": (6, "", "error: no stack named 'dev' found\n")})

    with pytest.raises(PreviewError) as raised:
        save("dev", root, tmp_path / "dev.json", engine.environment)
    assert str(raised.value) == "dev: no stack named 'dev' found"


def test_the_sandbox_has_a_backend_of_its_own_and_no_login(tmp_path: Path, root: Path, engine: ScriptedEngine) -> None:
    (tmp_path / "dev.json").write_text(json.dumps(bare(EXPORTED)))
    job = {"PULUMI_ACCESS_TOKEN": "canary", "PULUMI_CONFIG_PASSPHRASE": "canary", "PULUMI_CONFIG_PASSPHRASE_FILE": "/x"}
    with sandbox("dev", root, tmp_path / "dev.json", {**engine.environment, **job}) as inside:
        found = sorted(path.name for path in inside.root.iterdir() if not path.name.startswith("."))
        backend = inside.environment["PULUMI_BACKEND_URL"]

        assert found == ["Pulumi.yaml", "components", "stacks"]
        assert backend == f"file://{inside.root}/.state"
        assert "canary" not in inside.environment.values()
        assert "PULUMI_CONFIG_PASSPHRASE_FILE" not in inside.environment
    assert not inside.root.exists()


def test_the_sandbox_holds_stand_ins_for_encrypted_settings(tmp_path: Path, root: Path, engine: ScriptedEngine) -> None:
    (tmp_path / "dev.json").write_text(json.dumps(bare(EXPORTED)))
    before = (root / "stacks" / "Pulumi.dev.yaml").read_text()
    with sandbox("dev", root, tmp_path / "dev.json", engine.environment):
        pass

    first, setting, importing = engine.calls
    assert yaml.safe_load(first["files"]["Pulumi.dev.yaml"]) == {"config": {"im:domain": "chat.dev.test"}}
    assert setting["arguments"][:-1] == [
        *("config", "set", "--stack", "dev", "--secret", "im:redis_password"),
        STAND_IN,
    ]
    assert importing["state"]["deployment"]["secrets_providers"]["state"] == {"salt": "v1:sandbox"}
    assert (root / "stacks" / "Pulumi.dev.yaml").read_text() == before


def test_a_state_that_was_not_saved_is_a_sentence(tmp_path: Path, root: Path) -> None:
    with pytest.raises(PreviewError) as raised, sandbox("dev", root, tmp_path / "dev.json", {}):
        pass
    assert str(raised.value) == (
        f"dev: {tmp_path}/dev.json is missing; it is written where the stack is deployed, with --save-state"
    )
