"""What is measured on a host, from what its programs and its kernel say."""

from pathlib import Path
from typing import Any

import pytest

from onprem.agent import facts, login, measurements
from onprem.agent.commands import Commands, Ending, Output
from onprem.agent.login import Login
from onprem.agent.measurements import Measurements, clock_offset_seconds

COMMANDS = Commands(Ending(), lambda text: None)
ADDRESSES = [
    {"interface": "eth0", "address": "192.0.2.5/24", "leased": True},
    {"interface": "eth1", "address": "10.0.0.5/24", "leased": False},
]


def known(**changes: Any) -> dict[str, Any]:
    return {"addresses": [], "disks": [], "raid": [], "virtualization": "none", "power_supplies": None, **changes}


def measured(name: str, required: Any = True, **changes: Any) -> Any:
    return Measurements(COMMANDS, known(**changes), {name: required}).all()[name]


def says(monkeypatch: pytest.MonkeyPatch, **outputs: str) -> None:
    def run(_commands: Commands, argv: list[str], **_: Any) -> Output:
        return Output(0 if argv[0] in outputs else 127, outputs.get(argv[0], ""), "", 5)

    monkeypatch.setattr(Commands, "run", run)


def test_only_what_is_required_is_measured() -> None:
    required = {"memory_mb": 4, "raid": None, "something": 1}

    assert Measurements(COMMANDS, known(memory_mb=5), required).all() == {"memory_mb": 5}


def test_the_address_of_this_login_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(login, "find", lambda: Login("root", "10.0.0.1", "10.0.0.5"))

    assert measured("static_address", addresses=ADDRESSES) is True
    assert measured("static_address", addresses=ADDRESSES[:1]) is False


def test_several_addresses_without_a_login_tell_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(login, "find", lambda: None)

    assert measured("static_address", addresses=ADDRESSES) is None


@pytest.mark.parametrize(
    ("virtualization", "raid", "expected"),
    [
        ("none", [{"name": "md0", "level": "raid1"}], True),
        ("kvm", [{"name": "md0", "level": "raid1"}], None),
        ("none", [{"name": "md0", "level": "raid0"}], False),
    ],
)
def test_an_array_is_redundant_unless_it_stripes(
    virtualization: str, raid: list[dict[str, str]], expected: bool | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measurements, "_has_raid_controller", lambda: False)

    assert measured("raid", virtualization=virtualization, raid=raid) is expected


@pytest.mark.parametrize(("count", "expected"), [(None, None), (1, False), (2, True)])
def test_two_power_supplies_are_redundant(count: int | None, expected: bool | None) -> None:
    assert measured("redundant_power", power_supplies=count) is expected


@pytest.mark.parametrize(("name", "word", "expected"), [("sda", "1", True), ("sda", "0", False), ("vda", "1", None)])
def test_the_word_of_a_virtual_disk_means_nothing(name: str, word: str, expected: bool | None, tmp_path: Path) -> None:
    (tmp_path / name / "queue").mkdir(parents=True)
    (tmp_path / name / "queue/rotational").write_text(f"{word}\n")

    assert facts.rotational(tmp_path / name) is expected


def test_room_is_that_of_the_nearest_folder_there_is(tmp_path: Path) -> None:
    missing = measurements.free_mb(str(tmp_path / "a/b"))

    assert missing == measurements.free_mb(str(tmp_path))


def test_the_clock_is_asked_of_chrony_first(monkeypatch: pytest.MonkeyPatch) -> None:
    tracking = "C0000201,192.0.2.1,3,1700000000.1,-0.000012,0.0,0.0,1.0,0.0,0.0,0.0,0.0,64.0,Normal\n"
    says(monkeypatch, chronyc=tracking)

    assert clock_offset_seconds(COMMANDS) == -0.000012


def test_a_chrony_that_is_not_synchronised_knows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    says(monkeypatch, chronyc="0,,0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,1.0,1.0,0.0,Not synchronised\n")

    assert clock_offset_seconds(COMMANDS) is None


def test_timesyncd_is_asked_next(monkeypatch: pytest.MonkeyPatch) -> None:
    says(monkeypatch, timedatectl="      Server: 192.0.2.1\n      Offset: -1.5ms\n       Delay: 2ms\n")

    assert clock_offset_seconds(COMMANDS) == pytest.approx(-0.0015)
