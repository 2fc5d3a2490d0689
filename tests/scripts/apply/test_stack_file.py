"""What `scripts/apply` reads from a stack file, and which stacks it refuses."""

import json
from pathlib import Path

import pytest

from commands.apply import ApplyError
from commands.apply.stack_file import load_config, refuse_engine_state


def _write(folder: Path, text: str) -> Path:
    path = folder / "Pulumi.one.yaml"
    path.write_text(text)
    return path


def test_hands_text_over_as_it_is_and_the_rest_as_json(tmp_path: Path) -> None:
    _write(tmp_path, "config:\n  im:domain: chat.test\n  im:protect: true\n  im:roles: {im: [a]}\n")

    config = load_config("one", tmp_path)

    assert config == {"im:domain": "chat.test", "im:protect": "true", "im:roles": '{"im": ["a"]}'}


def test_refuses_encrypted_settings(tmp_path: Path) -> None:
    path = _write(tmp_path, "config:\n  im:a: {secure: v1:x}\n  im:b: [{c: {secure: v1:y}}]\n")

    with pytest.raises(ApplyError) as refused:
        load_config("one", tmp_path)

    expected = f"{path}: im:a, im:b[0].c: encrypted by Pulumi, which only the engine can read; use pulumi up"
    assert str(refused.value) == expected


def test_refuses_a_stack_that_the_engine_made(tmp_path: Path) -> None:
    path = _write(tmp_path, "encryptionsalt: v1:x\nconfig: {}\n")

    with pytest.raises(ApplyError) as refused:
        load_config("one", tmp_path)

    expected = f"{path}: has encryptionsalt, so this stack was made with the Pulumi engine; use pulumi up"
    assert str(refused.value) == expected


@pytest.mark.parametrize("name", ["two", "../one", "-x"])
def test_lists_the_stacks_when_the_name_is_wrong(tmp_path: Path, name: str) -> None:
    _write(tmp_path, "config: {}\n")

    with pytest.raises(ApplyError) as refused:
        load_config(name, tmp_path)

    assert str(refused.value) == f"{name}: no stack of this name in {tmp_path}; there are: one"


def test_says_where_a_stack_file_is_not_yaml(tmp_path: Path) -> None:
    path = _write(tmp_path, "config: [\n")

    with pytest.raises(ApplyError) as refused:
        load_config("one", tmp_path)

    assert str(refused.value).startswith(f"{path}: not YAML: ")
    assert "line 2" in str(refused.value)


def test_refuses_a_stack_with_resources_in_a_file_backend(tmp_path: Path) -> None:
    state = tmp_path / ".pulumi" / "stacks" / "im" / "one.json"
    state.parent.mkdir(parents=True)
    environment = {"PULUMI_BACKEND_URL": f"file://{tmp_path}", "PATH": ""}

    state.write_text(json.dumps({"checkpoint": {"latest": {"resources": []}}}))
    refuse_engine_state("im", "one", tmp_path, environment)
    state.write_text(json.dumps({"checkpoint": {"latest": {"resources": [{"urn": "x"}]}}}))
    with pytest.raises(ApplyError) as refused:
        refuse_engine_state("im", "one", tmp_path, environment)

    assert str(refused.value) == f"one: has a Pulumi state ({state}); use pulumi up, or destroy that stack first"


def _pulumi(folder: Path, text: str) -> dict[str, str]:
    program = folder / "pulumi"
    program.write_text(f"#!/bin/sh\n{text}\n")
    program.chmod(0o755)
    return {"PATH": str(folder)}


def test_asks_an_installed_engine_about_other_backends(tmp_path: Path) -> None:
    environment = _pulumi(tmp_path, """echo '{"deployment": {"resources": [{}]}}'""")

    with pytest.raises(ApplyError) as refused:
        refuse_engine_state("im", "one", tmp_path, environment)

    expected = "one: has a Pulumi state (pulumi stack export shows it); use pulumi up, or destroy that stack first"
    assert str(refused.value) == expected


@pytest.mark.parametrize("text", ["echo '{}'", "exit 255"])
def test_goes_on_when_the_engine_has_nothing_of_the_stack(tmp_path: Path, text: str) -> None:
    refuse_engine_state("im", "one", tmp_path, _pulumi(tmp_path, text))
