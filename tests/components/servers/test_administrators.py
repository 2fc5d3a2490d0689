"""Administrators: accounts, keys in a folder of root's, sudo."""

from components.servers.administrators import KEYS, SUDOERS
from tests.recording import as_config, run
from tests.topologies import TEST

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE2oQ3OBkbVjIPmcGbEmvQvJpJqBiXKbrG0wX9s0kqhP"
PEOPLE = {"bob": {"keys": [f"{KEY} bob"]}, "alice": {"keys": [f"{KEY} alice@home", f"{KEY} alice@work"]}}


def test_each_gets_an_account_with_keys_and_sudo() -> None:
    administrators = {**TEST["im:administrators"], "users": PEOPLE}
    program = run(as_config({**TEST, "im:administrators": administrators}), "test")
    service, files = program.services["vote1/administrators"].inputs, program.files("vote1")
    assert files[f"{KEYS}/alice"] == f"{KEY} alice@home\n{KEY} alice@work\n"
    assert files[SUDOERS] == (
        "# managed by Pulumi; edit components/templates/administrators/sudoers.j2\n"
        "alice ALL=(ALL:ALL) NOPASSWD: ALL\n"
        "bob ALL=(ALL:ALL) NOPASSWD: ALL\n"
    )
    assert service["files"][SUDOERS]["mode"] == "0440"
    assert service["users"]["bob"] == {"system": False, "home": "/home/bob", "shell": "/bin/bash", "groups": []}
    assert service["directories"]["/home/bob"] == {"mode": "0750", "owner": "bob", "group": "bob"}
    assert service["healthy"]["command"] == "visudo -c -q && id alice >/dev/null && id bob >/dev/null"
