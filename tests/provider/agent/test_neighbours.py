"""Who has an address: nobody, this machine, one of those that may, or a stranger."""

import socket
from pathlib import Path

import pytest

from onprem.agent import neighbours

HEADING = "IP address       HW type     Flags       HW address            Mask     Device\n"
ASKED = "192.0.2.10"


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, tuple[str, str]]:
    """What the kernel knows of neighbours, by address: flags and link-layer address."""
    entries: dict[str, tuple[str, str]] = {}
    table = tmp_path / "arp"

    def ask(address: str) -> str:
        lines = [f"{name} 0x1 {flags} {link} * eth0\n" for name, (flags, link) in entries.items()]
        table.write_text(HEADING + "".join(lines))
        return in_table(address)

    in_table = neighbours._in_table
    monkeypatch.setattr(neighbours, "TABLE", table)
    monkeypatch.setattr(neighbours, "ANSWER_SECONDS", 0)
    monkeypatch.setattr(neighbours, "_in_table", ask)
    monkeypatch.setattr(neighbours, "is_own", lambda address: address == "192.0.2.1")
    monkeypatch.setattr(socket, "socket", _refuse)
    return entries


def _refuse(*_: object) -> None:
    raise OSError("a test sends nothing")


def test_nobody_has_an_address_that_is_not_answered(known: dict[str, tuple[str, str]]) -> None:
    known[ASKED] = ("0x0", "00:00:00:00:00:00")
    assert neighbours.strangers({ASKED: []}) == {ASKED: ""}


def test_a_stranger_is_named_by_its_link(known: dict[str, tuple[str, str]]) -> None:
    known.update({ASKED: ("0x2", "02:00:00:00:00:09"), "192.0.2.11": ("0x2", "02:00:00:00:00:01")})
    assert neighbours.strangers({ASKED: ["192.0.2.1", "192.0.2.11"]}) == {ASKED: "02:00:00:00:00:09"}


def test_one_of_those_that_may_have_it_is_no_stranger(known: dict[str, tuple[str, str]]) -> None:
    known.update({ASKED: ("0x2", "02:00:00:00:00:01"), "192.0.2.11": ("0x2", "02:00:00:00:00:01")})
    assert neighbours.strangers({ASKED: ["192.0.2.1", "192.0.2.11"]}) == {ASKED: ""}


def test_this_machine_is_no_stranger(known: dict[str, tuple[str, str]]) -> None:
    known["192.0.2.1"] = ("0x2", "02:00:00:00:00:09")
    assert neighbours.strangers({"192.0.2.1": []}) == {"192.0.2.1": ""}


def test_an_address_of_this_machine_is_told() -> None:
    assert neighbours.is_own("127.0.0.1")
    assert not neighbours.is_own("192.0.2.10")


def test_who_takes_no_connection_is_silent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as running, socket.create_server(("127.0.0.1", 0)) as stopped:
        answers, silent = (f"127.0.0.1:{each.getsockname()[1]}" for each in (running, stopped))
        stopped.close()
        assert neighbours.silent([answers, silent]) == [silent]
