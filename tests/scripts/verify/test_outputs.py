"""Where verify learns what is deployed."""

import json
from pathlib import Path
from typing import Any

import pytest

from commands.verify import VerifyError
from commands.verify.outputs import load_outputs

OUTPUTS: dict[str, Any] = {
    "endpoints": {
        "domain": "chat.test",
        "addresses": ["10.0.0.1"],
        "ports": {"web": 443, "starttls": 5222, "tls": 5223},
        "later": "more",
    },
    "ca": "PEM",
    "accounts": {"host": "im1", "address": "10.0.0.2"},
}


def _saved(folder: Path, outputs: dict[str, Any]) -> None:
    path = folder / "one.json"
    path.write_text(json.dumps({"version": 1, "resources": {}, "outputs": outputs}))
    path.chmod(0o600)


def _engine(folder: Path, text: str) -> tuple[str, ...]:
    program = folder / "pulumi"
    program.write_text(f"#!/bin/sh\n{text}\n")
    program.chmod(0o755)
    return (str(program),)


def test_reads_what_apply_saved(tmp_path: Path) -> None:
    _saved(tmp_path, OUTPUTS)

    outputs = load_outputs("one", tmp_path, tmp_path, engine=())

    assert (outputs.endpoints.domain, outputs.accounts.user, outputs.ca) == ("chat.test", "root", "PEM")


def test_the_engine_comes_first(tmp_path: Path) -> None:
    _saved(tmp_path, {**OUTPUTS, "ca": "old"})
    engine = _engine(tmp_path, f"echo '{json.dumps(OUTPUTS)}'")

    assert load_outputs("one", tmp_path, tmp_path, engine).ca == "PEM"


def test_goes_on_when_the_engine_does_not_know_the_stack(tmp_path: Path) -> None:
    _saved(tmp_path, OUTPUTS)
    engine = _engine(tmp_path, "echo no stack >&2; exit 255")

    assert load_outputs("one", tmp_path, tmp_path, engine).ca == "PEM"


def test_says_that_nothing_is_deployed(tmp_path: Path) -> None:
    with pytest.raises(VerifyError) as failed:
        load_outputs("one", tmp_path, tmp_path, engine=())

    assert str(failed.value) == "one: nothing is deployed; run scripts/quickstart one, or pulumi up --stack one"


def test_says_which_outputs_are_missing(tmp_path: Path) -> None:
    _saved(tmp_path, {"endpoints": {**OUTPUTS["endpoints"], "addresses": []}, "accounts": OUTPUTS["accounts"]})

    with pytest.raises(VerifyError) as failed:
        load_outputs("one", tmp_path, tmp_path, engine=())

    assert (
        str(failed.value) == "one: its outputs do not fit (endpoints.addresses, ca); deploy it again with this version"
    )
