"""Temporary accounts, with an `ssh` that notes what it is asked."""

import asyncio
from pathlib import Path

import pytest

from commands.verify import VerifyError
from commands.verify.accounts import temporary
from commands.verify.outputs import Accounts

ROOT_LOGIN = Accounts(host="im1", address="10.0.0.2")


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    ssh = tmp_path / "ssh"
    log = tmp_path / "log"
    ssh.write_text(
        f'#!/bin/sh\necho "$*" >>{log}\ncase "$*" in *" add "*) cat >>{log}.stdin;; esac\n'
        f'case "$*" in *" $(cat {tmp_path}/broken 2>/dev/null || echo never) "*) echo it is away >&2; exit 255;; esac\n'
    )
    ssh.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.delenv("ONPREM_SSH_CONFIG", raising=False)
    return log


def _verbs(log: Path) -> list[str]:
    return sorted(line.split("/usr/local/lib/im/account ")[1].split()[0] for line in log.read_text().splitlines())


async def _use(accounts: Accounts, *, fail: bool = False) -> list[str]:
    async with temporary(accounts, 2) as made:
        if fail:
            raise VerifyError("no message")
        return [account.password for account in made]


def test_makes_accounts_and_removes_them(log: Path) -> None:
    asyncio.run(_use(ROOT_LOGIN))

    assert _verbs(log) == ["add", "add", "remove", "remove"]
    assert "root@10.0.0.2 /usr/local/lib/im/account add verify-" in log.read_text()


def test_passwords_come_by_standard_input_only(log: Path) -> None:
    passwords = asyncio.run(_use(ROOT_LOGIN))

    assert log.with_name("log.stdin").read_text().split() == passwords
    assert not any(password in log.read_text() for password in passwords)


def test_removes_accounts_after_a_failure(log: Path) -> None:
    with pytest.raises(VerifyError, match="no message"):
        asyncio.run(_use(ROOT_LOGIN, fail=True))

    assert _verbs(log) == ["add", "add", "remove", "remove"]


def test_removes_accounts_after_an_interruption(log: Path) -> None:
    async def interrupted() -> None:
        entered = asyncio.Event()

        async def hold() -> None:
            async with temporary(ROOT_LOGIN, 2):
                entered.set()
                await asyncio.sleep(60)

        task = asyncio.create_task(hold())
        await entered.wait()
        task.cancel()
        await asyncio.wait([task])

    asyncio.run(interrupted())

    assert _verbs(log) == ["add", "add", "remove", "remove"]


def test_other_users_go_through_sudo(log: Path) -> None:
    asyncio.run(_use(Accounts(host="im1", address="10.0.0.2", user="admin")))

    assert "admin@10.0.0.2 sudo -n /usr/local/lib/im/account add verify-" in log.read_text()


def test_says_why_no_account_could_be_made(log: Path) -> None:
    (log.parent / "broken").write_text("add")

    with pytest.raises(VerifyError) as failed:
        asyncio.run(_use(ROOT_LOGIN))

    assert str(failed.value) == "im1: account add: it is away (status 255)"


def test_says_which_account_may_be_left(log: Path) -> None:
    (log.parent / "broken").write_text("remove")

    with pytest.raises(VerifyError) as failed:
        asyncio.run(_use(ROOT_LOGIN))

    user = log.read_text().splitlines()[-1].split()[-1]
    assert str(failed.value).startswith("im1: account remove: it is away (status 255); the account verify-")
    assert user.startswith("verify-")
