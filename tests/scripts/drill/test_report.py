"""Limits, and how rounds are told."""

import json
import math
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from commands.drill.ledger import Count
from commands.drill.report import document, passed, table
from commands.drill.rounds import Figures, Round

QUIET = Figures(
    writes_away=0.6,
    writes_away_after=3.5,
    address_away=0.2,
    address_away_after=1.5,
    sessions_lost=0,
    clients_back=0.0,
    whole_again=0.5,
    at_rest=3.0,
    two_primaries=0,
    rows_lost=0,
    promotions=0,
    archives_unread=0,
    failed_requests=2,
    requests=1_000,
)
GOOD = Round("im-host", ("im2",), "im1", "2026-01-01T00:00:00+00:00", QUIET, Count(sent=9, acknowledged=9, delivered=9))


def _with(one: Round = GOOD, **figures: Any) -> Round:
    return replace(one, figures=replace(one.figures, **figures))


PRIMARY = replace(GOOD, fault="primary-host", hosts=("im1",))
SPLIT = replace(GOOD, fault="split-50ms", hosts=("im1", "im2"))
ROLLING = replace(GOOD, fault="rolling", hosts=("im1", "im2", "vote1"))


def test_a_good_round_passes_no_limit() -> None:
    assert passed(GOOD) == []


@pytest.mark.parametrize(
    ("one", "sentence"),
    [
        (replace(GOOD, messages=Count(lost=1)), "messages acknowledged and lost: 1, limit 0"),
        (_with(two_primaries=2), "writes that two nodes took: 2, limit 0"),
        (_with(rows_lost=3), "acknowledged rows lost: 3, limit 0"),
        (_with(PRIMARY, writes_away=25.5), "seconds without writes, primary's host dead: 25.5, limit 25"),
        (_with(clients_back=math.inf), "seconds until 95 % of the clients are back: never, limit 4"),
        (_with(address_away=2.125), "seconds without the clients' address: 2.125, limit 2"),
        (_with(SPLIT, whole_again=61.0), "seconds from a split's end to a whole cluster: 61, limit 60"),
        (_with(archives_unread=1), "archives that could not be read: 1, limit 0"),
        (_with(at_rest=math.inf), "seconds to a stack at rest: never, limit 300"),
        (
            _with(replace(GOOD, fault="primary-process"), writes_away=6.5),
            "seconds without writes, primary's process dead: 6.5, limit 6",
        ),
        (
            _with(replace(GOOD, fault="switchover"), writes_away=3.5),
            "seconds without writes, planned switchover: 3.5, limit 3",
        ),
        (
            _with(ROLLING, failed_requests=0, at_rest=math.inf),
            "seconds to a stack at rest, the way back in it: never, limit 1800",
        ),
        (_with(ROLLING, failed_requests=3), "percent of failed requests: 0.3, limit 0.1"),
        (_with(promotions=1), "failovers nobody asked for: 1, limit 0"),
    ],
)
def test_says_which_limit_was_passed(one: Round, sentence: str) -> None:
    assert passed(one) == [sentence]


def test_a_dead_primary_has_a_successor_and_keeps_people_waiting() -> None:
    assert passed(_with(PRIMARY, promotions=1, writes_away=21.0, clients_back=22.0)) == []


def test_a_rolling_change_may_take_longer_than_a_cold_start() -> None:
    assert passed(_with(ROLLING, failed_requests=0, at_rest=600.0)) == []


def test_a_split_does_not_excuse_a_failover() -> None:
    assert passed(_with(SPLIT, promotions=1)) == ["failovers nobody asked for: 1, limit 0"]


def test_json_has_every_round_with_its_limits() -> None:
    told = json.loads(document("test", [GOOD, _with(clients_back=math.inf)]))

    assert [one["figures"]["clients_back"] for one in told["rounds"]] == [0, None]
    assert [[limit["held"] for limit in one["limits"]].count(False) for one in told["rounds"]] == [0, 1]
    assert told["rounds"][0]["messages"]["sent"] == 9


def test_the_table_shows_bad_rounds_too() -> None:
    console = Console(record=True, width=400)
    console.print(table("test", [GOOD, _with(clients_back=math.inf)]))
    text = console.export_text()

    assert "test: 1 of 2 rounds within limits" in text
    assert "seconds until 95 % of the clients are back: never, limit 4" in text
