"""The order of a restore, with hosts that only remember what they were told."""

from typing import Any

import pytest

from commands.restore import RestoreError
from commands.restore.restore import Site, Wanted, copies, load_site, refill, restore
from commands.verify.outputs import Accounts, Endpoints, HostLogin, Outputs

OP, DB1, DB2, IM = (HostLogin(host=name, address="10.0.0.1") for name in ("op1", "db1", "db2", "im1"))
SITE = Site(OP, (DB1, DB2), (IM,))
NEW = {"cluster": "7", "founded": 1000, "rows": 0, "begun": False, "restored": False}
EMPTY = {**NEW, "cluster": None, "founded": None, "rows": None}


class Hosts:
    """Answers by host and order; `told` is everything that was ordered, but for questions."""

    def __init__(self, **states: dict[str, Any]) -> None:
        self.states: dict[str, dict[str, Any]] = {"op1": EMPTY, "db1": NEW, "db2": {**NEW, "founded": 900}, **states}
        self.told: list[str] = []
        self.broken = ""

    def order(self, host: HostLogin, *words: str) -> dict[str, Any]:
        if words == ("state",):
            return self.states[host.host]
        if words[0] == self.broken:
            raise RestoreError(f"{host.host}: {self.broken}: no")
        self.told.append(f"{host.host} {' '.join(words)}")
        return {"copy": "2026-11-26T03:30:00Z", "recovered_to": "2026-11-26 03:29:58"}

    def restore(self, *overwritten: str, site: Site = SITE, to: str = "newest", copy: str = "newest") -> list[str]:
        restore(site, Wanted(to, copy, overwritten), self.order, lambda text: None)
        return self.told


STARTED = [
    "db1 release database",
    "db2 release database",
    "op1 release backups",
    "im1 release im",
    "op1 done",
]
"""The restored member before the one that copies it: alone, that one would found an empty cluster."""


def test_new_hosts_get_the_copy_of_before_they_were_made() -> None:
    assert Hosts().restore() == [
        "op1 choose 900 newest newest",
        "im1 hold im",
        "db2 hold database",
        "db1 hold database",
        "op1 hold backups",
        "op1 fetch 900 newest newest",
        "db1 recover newest",
        "db2 clear",
        "im1 files 2026-11-26T03:30:00Z",
        "op1 restored",
        *STARTED,
    ]


def test_on_hosts_with_every_role_part_stops_and_starts_after_part() -> None:
    told = Hosts().restore(site=Site(DB1, (DB1, DB2), (DB1, DB2)), to="2026-11-26T03:00:00Z")
    assert [each for each in told if "hold" in each or "release" in each] == [
        "db1 hold im",
        "db2 hold im",
        "db2 hold database",
        "db1 hold database",
        "db1 hold backups",
        "db1 release database",
        "db2 release database",
        "db1 release backups",
        "db2 release im",
        "db1 release im",
    ]
    assert "db1 recover 2026-11-26T03:00:00Z" in told


@pytest.mark.parametrize(
    ("rows", "sentence"), [(7, "has 7 rows"), (None, "cannot be counted")], ids=["with rows", "not counted"]
)
def test_live_data_is_not_overwritten_unless_it_is_named(rows: int | None, sentence: str) -> None:
    hosts = Hosts(db2={**NEW, "rows": rows})
    with pytest.raises(RestoreError) as refused:
        hosts.restore("db1")
    assert str(refused.value) == (f"db2: its database {sentence}; to put it aside and restore, add: --overwrite db2")
    assert hosts.told == []


def test_everything_runs_on_when_no_copy_can_be_chosen() -> None:
    hosts = Hosts()
    hosts.broken = "choose"
    with pytest.raises(RestoreError, match="choose: no"):
        hosts.restore()
    assert hosts.told == []


def test_named_live_data_is_replaced_by_the_newest_copy() -> None:
    live = {**NEW, "rows": 7}
    assert "op1 fetch newest newest newest" in Hosts(db1=live, db2=live).restore("db1", "db2")


def test_a_moment_and_a_copy_are_told_where_copies_are_chosen() -> None:
    told = Hosts().restore(to="2026-11-26T03:00:00Z", copy="2026-11-26T03:10:00Z")
    assert "op1 fetch 900 2026-11-26T03:00:00Z 2026-11-26T03:10:00Z" in told


def test_the_repository_alone_is_that_of_the_live_database() -> None:
    hosts = Hosts(db1=EMPTY)
    refill(SITE, "newest", hosts.order, lambda text: None)
    assert hosts.told == ["op1 refill 7 newest"]


def test_a_repository_without_a_database_is_not_refilled() -> None:
    with pytest.raises(RestoreError, match="no database host has data"):
        refill(SITE, "newest", Hosts(db1=EMPTY, db2=EMPTY).order, lambda text: None)


def test_copies_are_listed() -> None:
    told = [
        {"copy": "2026-11-25T00:00:00Z", "from": "", "backup": "", "founded": ""},
        {"copy": "2026-11-26T00:00:00Z", "from": "2026-11-20T00:00:00Z", "backup": "F", "founded": "2026-11-01T00:00Z"},
    ]
    assert list(copies(SITE, lambda host, word: {word: told})) == [
        "2026-11-25T00:00:00Z  it does not say what it has",
        "2026-11-26T00:00:00Z  backups from 2026-11-20T00:00:00Z to F, database of 2026-11-01T00:00Z",
    ]


def test_what_was_cut_off_goes_on() -> None:
    half = {**EMPTY, "founded": 10, "begun": True}
    assert "db1 recover newest" in Hosts(op1=half, db1=half, db2=EMPTY).restore()


def test_what_was_cut_off_with_all_data_back_only_starts() -> None:
    live = {**NEW, "rows": 7}
    assert Hosts(op1={**EMPTY, "begun": True, "restored": True}, db1=live, db2=live).restore() == STARTED


def test_chats_do_not_wait_for_uploads_that_cannot_be_had() -> None:
    hosts = Hosts()
    hosts.broken = "files"
    with pytest.raises(RestoreError) as ended:
        hosts.restore()
    assert str(ended.value) == ("the database is back and everything runs, but uploads are missing: im1: files: no")
    assert hosts.told[-len(STARTED) :] == STARTED


def test_a_stack_without_a_copy_offsite_is_said() -> None:
    outputs = Outputs(
        endpoints=Endpoints(domain="chat.test", addresses=("10.0.0.1",), ports={}),
        ca="PEM",
        accounts=Accounts(host="im1", address="10.0.0.2"),
    )
    with pytest.raises(RestoreError, match="one: nothing is saved offsite; see docs/backups.md"):
        load_site("one", outputs)
