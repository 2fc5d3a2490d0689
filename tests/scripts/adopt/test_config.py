"""A stack's configuration, of which a part is encrypted."""

import subprocess
from pathlib import Path

import pytest

from commands.adopt import AdoptError
from commands.adopt import config as subject

SEALED = "config: {im:domain: im.example, im:password: {secure: v1:abc}}\n"


def stack_file(folder: Path) -> Path:
    (folder / "Pulumi.dev.yaml").write_text(SEALED)
    return folder


def engine(folder: Path, script: str) -> tuple[str, ...]:
    path = folder / "engine"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return (str(path),)


def test_what_is_encrypted_comes_from_the_engine(tmp_path: Path) -> None:
    asked = engine(tmp_path, 'echo \'{"im:password": {"value": "pw", "secret": true}}\'')
    found = subject.read("dev", stack_file(tmp_path), tmp_path, asked, {})
    assert (found.values, found.secrets) == ({"im:domain": "im.example"}, {"im:password": "pw"})


def test_an_engine_that_does_not_answer_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(command: list[str], **options: object) -> None:
        raise subprocess.TimeoutExpired(command, 60)

    monkeypatch.setattr(subprocess, "run", silent)
    with pytest.raises(AdoptError, match="dev: pulumi did not decrypt its configuration within 60 s"):
        subject.read("dev", stack_file(tmp_path), tmp_path, ("pulumi",), {})


def test_what_the_engine_says_of_a_failure_is_passed_on(tmp_path: Path) -> None:
    asked = engine(tmp_path, "echo 'error: incorrect passphrase' >&2; exit 1")
    with pytest.raises(AdoptError, match="incorrect passphrase"):
        subject.read("dev", stack_file(tmp_path), tmp_path, asked, {})
