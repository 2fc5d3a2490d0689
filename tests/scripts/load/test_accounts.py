"""Accounts by the dozen, with an `ssh` that runs what it is given here."""

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from commands.load import LoadError, accounts
from commands.load.accounts import temporary
from commands.verify.outputs import Accounts

LOGIN = Accounts(host="im1", address="10.0.0.2")


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a file for each account; its name is that of the account."""
    folder = tmp_path / "made"
    folder.mkdir()
    command = tmp_path / "account"
    command.write_text(
        f'#!/bin/sh\n[ -e {tmp_path}/no-$1 ] && echo "it is away" >&2 && exit 1\n'
        f'pid=$(cat {tmp_path}/interrupt-$1 2>/dev/null) && rm {tmp_path}/interrupt-$1 && kill -INT "$pid"\n'
        f'case "$1" in add) cat >"{folder}/$2";; remove) rm -f "{folder}/$2";; esac\n'
    )
    ssh = tmp_path / "ssh"
    ssh.write_text(f'#!/bin/sh\necho "$*" >>{tmp_path}/asked\nfor last; do :; done\nexec sh -c "$last"\n')
    for path in (command, ssh):
        path.chmod(0o755)
    monkeypatch.setattr(accounts, "COMMAND", str(command))
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    return folder


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def _use(folder: Path, inside: Sequence[str] = ()) -> list[str]:
    with temporary(LOGIN, 3, inside, os.environ) as found:
        assert {each.user: f"{each.password}\n" for each in found} == {
            path.name: path.read_text() for path in folder.iterdir()
        }
        return [each.password for each in found]


def test_makes_them_and_removes_them(made: Path) -> None:
    passwords = _use(made)

    assert len(set(passwords)) == 3
    assert _names(made) == []


def test_passwords_come_by_standard_input_only(made: Path) -> None:
    passwords = _use(made)

    asked = (made.parent / "asked").read_text()
    assert "root@10.0.0.2" in asked
    assert not any(password in asked for password in passwords)


def test_begins_with_the_way_into_the_network(made: Path) -> None:
    _use(made, ["env", "PLACE=inside"])


@pytest.mark.parametrize("failure", [KeyboardInterrupt(), LoadError("no login")])
def test_removes_them_when_the_work_ends_early(made: Path, failure: BaseException) -> None:
    with pytest.raises(type(failure)), temporary(LOGIN, 3, (), os.environ):
        raise failure

    assert _names(made) == []


def test_an_interruption_while_they_are_made_leaves_none(made: Path) -> None:
    (made.parent / "interrupt-add").write_text(str(os.getpid()))

    with pytest.raises(KeyboardInterrupt):
        _use(made)

    asked = (made.parent / "asked").read_text()
    assert (asked.count(" add "), asked.count(" remove "), _names(made)) == (1, 1, [])


def test_says_why_none_could_be_made(made: Path) -> None:
    (made.parent / "no-add").touch()

    with pytest.raises(LoadError) as failed:
        _use(made)

    assert str(failed.value) == "im1: accounts could not be made: it is away"


def test_says_which_may_be_left(made: Path) -> None:
    (made.parent / "no-remove").touch()

    with pytest.raises(LoadError) as failed:
        _use(made)

    assert str(failed.value).startswith("im1: 3 accounts may be left, load-")
    assert str(failed.value).endswith(" among them: it is away")
