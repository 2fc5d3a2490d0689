"""Which of the copies offsite is restored."""

import json
from pathlib import Path
from typing import Any

import pytest

from components.templates.restore import choice, copies
from components.templates.restore.commands import Done
from components.templates.restore.errors import RestoreError

OLD, NEW = 1795662674 << 32, 1795672674 << 32
"""Two databases; the second was founded 10,000 s after the first."""
PLACE = "offsite"


def copy(hour: int, cluster: int = OLD, begins: int = 0) -> dict[str, Any]:
    """Made at this hour. Its oldest backup is of the hour at which it `begins`."""
    oldest = copies.when(f"2026-11-26T0{begins}:00:00Z").timestamp()
    tags = ["postgresql", f"cluster={cluster}", f"from={oldest:.0f}", f"backup={hour}F"]
    return {"id": str(hour), "time": f"2026-11-26T0{hour}:30:00Z", "tags": tags}


@pytest.fixture(autouse=True)
def place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "restic.json").write_text(json.dumps({"places": {PLACE: "rest:x"}}))
    monkeypatch.setattr(copies, "RESTIC", tmp_path)


def offsite(monkeypatch: pytest.MonkeyPatch, *found: dict[str, Any]) -> None:
    monkeypatch.setattr(copies, "run", lambda command: Done([], 0, json.dumps(found), ""))


def test_a_moment_is_restored_from_a_copy_that_has_a_backup_of_before(monkeypatch: pytest.MonkeyPatch) -> None:
    offsite(monkeypatch, copy(3), copy(4), copy(5, begins=5))
    assert choice.choose(PLACE)["id"] == "5"
    assert choice.choose(PLACE, to="2026-11-26T04:10:00Z")["id"] == "4"


def test_a_copy_that_says_nothing_of_itself_may_have_it(monkeypatch: pytest.MonkeyPatch) -> None:
    offsite(monkeypatch, {"id": "1", "time": "2026-11-26T01:00:00Z", "tags": ["postgresql"]})
    assert choice.choose(PLACE, to="2026-11-26T00:10:00Z")["id"] == "1"


def test_the_newest_that_was_made_by_then_can_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    offsite(monkeypatch, copy(3), copy(4), copy(5))
    assert choice.choose(PLACE, named="2026-11-26T04:30:00Z")["id"] == "4"


@pytest.mark.parametrize(
    ("words", "missing"),
    [
        ({"named": "2026-11-26T01:00:00Z"}, " that was made by 2026-11-26T01:00:00Z"),
        ({"to": "2026-11-26T01:00:00Z"}, " with a backup of before 2026-11-26T01:00:00Z"),
    ],
    ids=["named", "moment"],
)
def test_what_no_copy_has_is_said(monkeypatch: pytest.MonkeyPatch, words: dict[str, Any], missing: str) -> None:
    offsite(monkeypatch, copy(3, begins=3))
    with pytest.raises(RestoreError) as refused:
        choice.choose(PLACE, **words)
    assert str(refused.value) == f"rest:x: has no copy of postgresql{missing}"


def test_the_newest_of_one_database_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    offsite(monkeypatch, copy(3), copy(4), copy(5, NEW))
    found = choice.of_cluster(PLACE, str(OLD))
    assert found is not None
    assert found["id"] == "4"
    assert choice.of_cluster(PLACE, "8") is None


def test_a_database_that_came_after_another_one_is_not_restored_unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    offsite(monkeypatch, copy(3), copy(4), copy(5, NEW))
    with pytest.raises(RestoreError) as refused:
        choice.refuse_doubt(PLACE, None, choice.choose(PLACE))
    assert str(refused.value) == (
        "rest:x: has copies of two databases; name the one to restore:"
        " --copy 2026-11-26T04:30:00Z (its database was founded 2026-11-26T03:11:14Z) or"
        " --copy 2026-11-26T05:30:00Z (its database was founded 2026-11-26T05:57:54Z)"
    )


def test_a_database_that_was_brought_back_is_beyond_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    offsite(monkeypatch, copy(3), copy(4, NEW), copy(5))
    choice.refuse_doubt(PLACE, None, choice.choose(PLACE))


def test_people_see_the_last_copy_with_the_same_backups(monkeypatch: pytest.MonkeyPatch) -> None:
    again = {**copy(3), "time": "2026-11-26T03:10:00Z"}
    offsite(monkeypatch, again, copy(3), copy(5, NEW, 5), {"id": "0", "time": "2026-11-26T00:00:00Z", "tags": None})
    assert choice.listed(PLACE) == [
        {"copy": "2026-11-26T00:00:00Z", "from": "", "backup": "", "founded": ""},
        {
            "copy": "2026-11-26T03:30:00Z",
            "from": "2026-11-26T00:00:00Z",
            "backup": "3F",
            "founded": "2026-11-26T03:11:14Z",
        },
        {
            "copy": "2026-11-26T05:30:00Z",
            "from": "2026-11-26T05:00:00Z",
            "backup": "5F",
            "founded": "2026-11-26T05:57:54Z",
        },
    ]
