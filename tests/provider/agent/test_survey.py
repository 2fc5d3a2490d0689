"""What a survey makes of what the host's programs print."""

import pwd
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from onprem.agent import survey
from onprem.agent.commands import Commands, Output

SS = """\
tcp LISTEN 0 128 0.0.0.0:22 0.0.0.0:* users:(("sshd",pid=36,fd=3))
tcp LISTEN 0 511 [::1]:6379 [::]:* users:(("redis-server",pid=3581,fd=7))
udp UNCONN 0 0 192.0.2.1%eth0:68 0.0.0.0:*
"""
SHOWN = """\
Id=shop.service
FragmentPath=/etc/systemd/system/shop.service

Id=ssh.service
FragmentPath=/lib/systemd/system/ssh.service

Id=gone.service
FragmentPath=
"""


class Printed:
    """Programs that print what they are told to."""

    def __init__(self, **outputs: str) -> None:
        self.outputs = outputs

    def run(self, argv: Sequence[str]) -> Output:
        key = "_".join(argv[:2]).replace("-", "_") if argv[0] == "systemctl" else argv[0].replace("-", "_")
        return Output(0, self.outputs.get(key, ""), "", 1)


def commands(**outputs: str) -> Commands:
    return cast(Commands, Printed(**outputs))


def test_ports_are_told_with_their_process() -> None:
    assert survey._ports(commands(ss=SS)) == [
        {"protocol": "tcp", "address": "0.0.0.0", "port": 22, "process": "sshd"},  # noqa: S104
        {"protocol": "udp", "address": "192.0.2.1", "port": 68, "process": ""},
        {"protocol": "tcp", "address": "[::1]", "port": 6379, "process": "redis-server"},
    ]


def test_units_of_no_package_are_local() -> None:
    told = commands(
        systemctl_list_unit_files="shop.service enabled enabled\n",
        systemctl_list_units="ssh.service loaded active running x\nshop.service loaded active running x\n",
        systemctl_show=SHOWN,
    )

    assert survey._units(told, survey.Brought(told)) == [
        {"unit": "shop.service", "running": True, "enabled": True, "local": True},
        {"unit": "ssh.service", "running": True, "enabled": False, "local": False},
    ]


def test_a_file_is_as_its_package_brought_it_only_with_the_same_sum(tmp_path: Path) -> None:
    for name in ("same", "changed", "own"):
        (tmp_path / name).write_text("hello\n")
    (tmp_path / "link").symlink_to(tmp_path / "own")
    sums = {"same": "b1946ac92492d2347c6235b4d2611184", "changed": "0" * 32}
    conffiles = "".join(f"\n {tmp_path / name} {total}" for name, total in sums.items())
    brought = survey.Brought(commands(dpkg_query=conffiles))

    found: list[Any] = [path for path in survey._walk(str(tmp_path)) if not brought.unchanged(path)]

    assert found == [str(tmp_path / "changed"), str(tmp_path / "own")]


@pytest.mark.parametrize("shell", survey.NO_SHELL)
def test_accounts_without_a_shell_cannot_log_in(shell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = pwd.struct_passwd(("www", "x", 33, 33, "", "/nowhere", f"/usr/sbin/{shell}"))
    monkeypatch.setattr(pwd, "getpwall", lambda: [entry])
    monkeypatch.setattr(survey, "_with_password", lambda: {"www"})

    assert list(survey._logins()) == []
