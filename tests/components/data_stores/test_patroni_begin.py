"""Patroni begins again where a founding or copying was cut off, and touches no other data."""

from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.components.data_stores.scripts import load

begin = load("postgresql/patroni_begin.py").begin


@dataclass
class Etcd:
    """What Patroni keeps there; `initialize` is None before a founding, "" meanwhile."""

    initialize: str | None = None
    config: Any = None
    leader: Any = None
    members: list[Any] = field(default_factory=list)
    is_asked: bool = False

    def connect(self, config: Any) -> "Etcd":
        self.is_asked = True
        return self

    def get_cluster(self) -> "Etcd":
        return self

    def cancel_initialization(self) -> None:
        self.initialize = None


IDENTITY = "7300000000000000000"
ENDED: dict[str, Any] = {"initialize": IDENTITY, "config": {"ttl": 20}}


class Member:
    """One host's data folder."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "im"
        self.mark, self.aside = folder / "im.begun", folder / "im.cut-off"

    def begin(self, etcd: Etcd) -> None:
        begin({"name": "db1", "postgresql": {"data_dir": str(self.data)}}, etcd.connect)

    def has(self, *, control: bool) -> None:
        (self.data / "global").mkdir(parents=True)
        if control:
            (self.data / "global" / "pg_control").touch()


@pytest.fixture
def member(tmp_path: Path) -> Member:
    return Member(tmp_path)


def test_a_member_without_data_is_marked(member: Member) -> None:
    member.begin(Etcd())

    assert member.mark.exists()


def test_data_without_the_mark_are_left_alone_and_etcd_is_not_asked(member: Member) -> None:
    member.has(control=False)
    etcd = Etcd(initialize="")

    member.begin(etcd)

    assert member.data.exists()
    assert not member.mark.exists()
    assert not etcd.is_asked


@pytest.mark.parametrize("control", [False, True])
@pytest.mark.parametrize("initialize", ["", IDENTITY])
def test_a_founding_that_was_cut_off_begins_again(member: Member, control: bool, initialize: str) -> None:
    member.mark.touch()
    member.has(control=control)
    own = SimpleNamespace(name="db1")
    told = Etcd(initialize, leader=own, members=[own])

    member.begin(told)

    assert told.initialize is None
    assert not member.data.exists()
    assert member.aside.exists()


def test_a_founding_that_was_cut_off_before_it_made_data_begins_again(member: Member) -> None:
    member.mark.touch()
    told = Etcd(initialize="")

    member.begin(told)

    assert told.initialize is None


def test_a_founding_that_ended_stands(member: Member) -> None:
    member.mark.touch()
    member.has(control=True)
    told = Etcd(**ENDED)

    member.begin(told)

    assert (member.data.exists(), told.initialize) == (True, IDENTITY)


def test_a_copy_that_was_cut_off_is_made_again(member: Member) -> None:
    member.mark.touch()
    member.has(control=False)
    told = Etcd(**ENDED, leader=SimpleNamespace(name="db2"))

    member.begin(told)

    assert (member.data.exists(), told.initialize) == (False, IDENTITY)


def test_another_member_that_may_be_founding_is_not_disturbed(member: Member) -> None:
    member.mark.touch()
    member.has(control=True)
    told = Etcd(initialize="", members=[SimpleNamespace(name="db2")])

    member.begin(told)

    assert (member.data.exists(), told.initialize) == (True, "")


def test_only_the_last_remains_are_kept(member: Member) -> None:
    member.mark.touch()
    for _ in range(2):
        member.has(control=True)
        member.begin(Etcd(initialize=""))

    assert member.aside.exists()
