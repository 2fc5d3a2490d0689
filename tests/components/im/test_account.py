"""The command that makes accounts, whichever adapter is behind it: what it refuses, and what it hands on."""

import subprocess
import sys
from pathlib import Path

import pytest

from components.text import render


@pytest.fixture
def account(tmp_path: Path) -> list[str]:
    """The command, with a backend that writes down what it is given."""
    backend = tmp_path / "backend"
    backend.write_text(f'#!/bin/sh\n{{ echo "$@"; cat; }} >{tmp_path}/given\n[ "$2" != taken ]\n')
    backend.chmod(0o755)
    script = tmp_path / "account"
    script.write_text(render("im/account.j2", domain="chat.example.org", backend=str(backend)))
    return [sys.executable, "-I", str(script)]


def run(account: list[str], *words: str, password: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run([*account, *words], input=password, capture_output=True, text=True, check=False)


def test_hands_on_a_strong_password_by_standard_input(account: list[str], tmp_path: Path) -> None:
    assert run(account, "add", "alice", password="aLongAndRandom1\n").returncode == 0
    assert (tmp_path / "given").read_text() == "add alice\naLongAndRandom1\n"


def test_removes_without_a_password(account: list[str], tmp_path: Path) -> None:
    assert run(account, "remove", "alice").returncode == 0
    assert (tmp_path / "given").read_text() == "remove alice\n\n"


def test_says_that_the_backend_refused(account: list[str]) -> None:
    assert run(account, "add", "taken", password="aLongAndRandom1\n").returncode == 1


@pytest.mark.parametrize(("password", "bits"), [("", 0), ("correcthorse", 56), ("12345678901234567", 56), ("aB3$", 26)])
def test_refuses_a_weak_password(account: list[str], tmp_path: Path, password: str, bits: int) -> None:
    done = run(account, "add", "alice", password=f"{password}\n")
    assert done.returncode == 1
    assert done.stderr == (f"the password is too weak: {bits} bits of 64; use 16 random letters and digits or more\n")
    assert not (tmp_path / "given").exists()


@pytest.mark.parametrize("user", ["Alice", "a b", "-x", "a@b", "", "a" * 65, "../x"])
def test_refuses_what_is_no_account_name(account: list[str], tmp_path: Path, user: str) -> None:
    done = run(account, "add", user, password="aLongAndRandom1\n")
    assert done.stderr == (f"{user!r} is no account name; use up to 64 lower-case letters, digits, '.', '_' and '-'\n")
    assert not (tmp_path / "given").exists()


def test_says_how_it_is_used(account: list[str]) -> None:
    assert run(account, "list").stderr == "usage: account add USER <PASSWORD-FILE, or account remove USER\n"
