"""How long people were away."""

import math

from hypothesis import given
from hypothesis import strategies as st

from commands.drill.outages import Outage, back, people, percentile

moments = st.floats(0, 100, allow_nan=False)
outages = st.lists(st.builds(Outage, st.sampled_from("abc"), moments, moments))


def test_nobody_away_is_nothing_to_wait_for() -> None:
    assert back([Outage("a", 0, 2)], 10, 20) == 0
    assert people([Outage("a", 0, 2)], 10, 20) == 0


def test_counts_from_the_fault_and_not_from_the_end_of_the_session() -> None:
    assert back([Outage("a", 12, 13)], 10, 20) == 3


def test_the_first_outage_of_each_counts() -> None:
    assert back([Outage("a", 11, 12), Outage("a", 15, 19)], 10, 20) == 2


def test_one_of_twenty_may_take_longer() -> None:
    quick = [Outage(f"person {number}", 10, 11) for number in range(19)]

    assert back([*quick, Outage("slow", 10)], 10, 20) == 1
    assert back([*quick[1:], Outage("slow", 10)], 10, 20) == math.inf


@given(outages)
def test_whoever_is_back_is_back_by_the_last_end(found: list[Outage]) -> None:
    assert back(found, 10, 20) <= max((outage.ended - 10 for outage in found if 10 <= outage.began < 20), default=0)
    assert people(found, 10, 20) <= 3


@given(st.lists(moments, min_size=1).map(sorted), st.floats(0.01, 1))
def test_a_percentile_is_one_of_the_values_and_reached_by_its_share(values: list[float], share: float) -> None:
    found = percentile(values, share)

    assert found in values
    assert sum(value <= found for value in values) >= share * len(values) - 1e-9
