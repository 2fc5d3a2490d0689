"""Who may make a change that could lock everybody out."""

from pathlib import Path

import pytest

from onprem.agent import login
from onprem.agent.commands import Commands, Ending
from onprem.agent.errors import AgentError
from onprem.agent.login import Login, is_inside, refuse_lockout

COMMANDS = Commands(Ending(), lambda text: None)


@pytest.mark.parametrize(
    ("client", "networks", "inside"),
    [
        ("10.1.2.3", "10.1.0.0/16", True),
        ("10.2.2.3", "10.1.0.0/16, 10.2.2.3/32", True),
        ("10.2.2.4", "10.1.0.0/16,10.2.2.3/32", False),
        ("::ffff:10.1.2.3", "10.1.0.0/16", True),
        ("fd77::5", "10.1.0.0/16,fd77::/64", True),
        ("fe80::1%eth0", "fe80::/10", True),
        ("fd78::5", "fd77::/64", False),
    ],
)
def test_an_address_is_inside_one_of_the_networks(client: str, networks: str, inside: bool) -> None:
    assert is_inside(client, networks) is inside


def test_a_login_from_outside_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(login, "find", lambda: Login("root", "192.0.2.9", "192.0.2.1"))

    with pytest.raises(AgentError) as caught:
        refuse_lockout(COMMANDS, "10.0.0.0/8")

    assert str(caught.value) == (
        "this login comes from 192.0.2.9, outside the administrators' networks (10.0.0.0/8), and would be shut out;"
        " add its network, or log in from one of them"
    )


@pytest.mark.parametrize("keys", [None, "", "# ssh-ed25519 AAAA\n\n"])
def test_a_login_without_a_key_is_refused(keys: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if keys is not None:
        (tmp_path / "keys").write_text(keys)
    monkeypatch.setattr(login, "find", lambda: Login("root", "10.0.0.9", "10.0.0.1"))
    monkeypatch.setattr(login, "SSHD", "/no/such/sshd")
    monkeypatch.setattr(login, "DEFAULT_KEY_FILES", f"{tmp_path}/keys")

    with pytest.raises(AgentError) as caught:
        refuse_lockout(COMMANDS, "10.0.0.0/8")

    assert str(caught.value) == (
        "root has no authorized key on this host, and would be shut out; add one with ssh-copy-id"
    )


def test_a_login_with_a_key_is_let_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "root").write_text("# mine\nssh-ed25519 AAAA me\n")
    monkeypatch.setattr(login, "find", lambda: Login("root", "10.0.0.9", "10.0.0.1"))
    monkeypatch.setattr(login, "SSHD", "/no/such/sshd")
    monkeypatch.setattr(login, "DEFAULT_KEY_FILES", f"{tmp_path}/%u")

    refuse_lockout(COMMANDS, "")
