"""Style, types and shell: what a reviewer should not have to look for."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SHELL = ("#!/bin/sh", "#!/bin/bash", "#!/usr/bin/env bash")


def _run(*command: str) -> None:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr


def _tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_ruff_finds_nothing() -> None:
    _run(sys.executable, "-m", "ruff", "check", "--quiet", ".")


def test_types_fit() -> None:
    _run(sys.executable, "-m", "mypy")
    _run(sys.executable, "-m", "mypy", "__main__.py")  # apart: the provider has a module of this name, too


def test_shellcheck_finds_nothing() -> None:
    if not shutil.which("shellcheck"):
        pytest.skip("shellcheck is not installed")
    texts = [path for path in _tracked() if path.suffix != ".j2"]
    scripts = [path for path in texts if path.read_bytes()[:20].decode(errors="replace").startswith(SHELL)]

    assert ROOT / "scripts" / "test" in scripts
    _run("shellcheck", *map(str, scripts))


def test_every_command_says_what_it_does() -> None:
    used_by_the_others = {"python", "environment"}
    names = {path.name for path in (ROOT / "scripts").iterdir() if path.is_file()} - used_by_the_others

    assert {"apply", "drift", "lab", "preview", "quickstart", "recover", "test", "verify"} <= names
    for name in names:
        done = subprocess.run([ROOT / "scripts" / name, "--help"], capture_output=True, text=True, check=False)

        assert done.returncode == 0, name
        assert f"usage: scripts/{name} " in done.stdout
