"""The reader's login: one command, root's files, few at once."""

import shutil
import subprocess
from pathlib import Path

import pytest

from components.problems import SettingsError
from components.servers.administrators import KEYS
from components.servers.reader import KEYS_COMMAND, PROGRAM, SUDOERS, Reader
from components.servers.ssh import CONFIG
from tests.recording import Program, as_config, run, settings_of
from tests.topologies import TEST, recorded

BLOB = "AAAAC3NzaC1lZDI1NTE5AAAAIE2oQ3OBkbVjIPmcGbEmvQvJpJqBiXKbrG0wX9s0kqhP"
STACK = {**TEST, "im:reader": {"keys": [f"ssh-ed25519 {BLOB} previews", "ecdsa-sha2-nistp256 " + "A" * 140]}}


@pytest.fixture(scope="module")
def program() -> Program:
    return run(as_config(STACK), "test")


def test_a_key_starts_one_command_and_forwards_nothing(program: Program) -> None:
    assert program.files("im1")[f"{KEYS}/im-reader"] == (
        f'restrict,command="sudo -n /usr/local/sbin/im-reader" ssh-ed25519 {BLOB} previews\n'
        f'restrict,command="sudo -n /usr/local/sbin/im-reader" ecdsa-sha2-nistp256 {"A" * 140}\n'
    )
    assert "    ForceCommand sudo -n /usr/local/sbin/im-reader\n" in program.files("im1")[CONFIG]


def test_sudo_permits_it_without_arguments_and_without_the_clients_environment(program: Program) -> None:
    assert program.files("im1")[SUDOERS] == (
        "# managed by Pulumi; edit components/templates/reader/sudoers.j2\n"
        "Defaults:im-reader env_reset, !env_keep, !env_check, !setenv\n"
        'im-reader ALL=(root:root) NOPASSWD: /usr/local/sbin/im-reader ""\n'
    )


def test_logins_that_start_no_reader_are_few_too(program: Program) -> None:
    assert program.files("im1")[KEYS_COMMAND].splitlines()[3:] == [
        f"[ \"$(pgrep --count --uid im-reader '^sshd')\" -lt 16 ] && cat {KEYS}/im-reader"
    ]


def test_everything_of_it_is_roots(program: Program) -> None:
    service = program.services["im1/reader"].inputs

    assert {path: (file["owner"], file["mode"]) for path, file in service["files"].items()} == {
        PROGRAM: ("root", "0755"),
        SUDOERS: ("root", "0440"),
        KEYS_COMMAND: ("root", "0755"),
        f"{KEYS}/im-reader": ("root", "0644"),
    }
    assert service["files"][PROGRAM]["content"] == "${reader}"
    assert service["users"] == {"im-reader": {"system": True, "home": KEYS, "shell": "/bin/sh", "groups": []}}


def test_every_host_has_it_when_there_are_keys_and_none_without(program: Program) -> None:
    found = [name for name in program.services if name.endswith("/reader")]
    assert found == ["im1/reader", "im2/reader", "vote1/reader"]
    assert [name for name in recorded("test").services if name.endswith("/reader")] == []
    assert "Match" not in recorded("test").files("im1")[CONFIG]
    assert not Reader.is_chosen(settings_of(as_config(TEST)))


def test_its_key_and_its_account_are_nobody_elses() -> None:
    people = {"im-reader": {"keys": [f"ssh-ed25519 {BLOB} another comment"]}}
    administrators = {**TEST["im:administrators"], "users": people}

    with pytest.raises(SettingsError) as caught:
        settings_of(as_config({**STACK, "im:administrators": administrators}))

    assert str(caught.value).splitlines()[-2:] == [
        "im:administrators.users.im-reader: im-reader is the reader's account; give the administrator another name",
        "im:reader.keys[0]: is a key of im-reader already; make one that is used for nothing else, with ssh-keygen",
    ]


@pytest.mark.skipif(not shutil.which("visudo"), reason="no sudo here")
def test_visudo_takes_the_file(program: Program, tmp_path: Path) -> None:
    path = tmp_path / "sudoers"
    path.write_text(program.files("im1")[SUDOERS])
    path.chmod(0o440)
    done = subprocess.run(["visudo", "-c", "-q", "-f", str(path)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
