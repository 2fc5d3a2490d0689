"""What rows tell of the database."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.drill.writes import CONSUMERS, Gap, Write, away, longest_gap, lost, promotions, two_primaries


def row(host: str, timeline: int, began: float, way: str = "socket", took: float = 0.1) -> Write:
    return Write(host, way, f"{host} {way} {began}", timeline, began, began + took)


BEFORE = [row("db1", 1, 0), row("db1", 1, 1)]
AFTER = [row("db2", 2, 20), row("db2", 2, 21)]


def test_a_failover_is_one_primary_after_the_other() -> None:
    assert two_primaries([*AFTER, *BEFORE]) == ()
    assert promotions([*BEFORE, *AFTER]) == 1


def test_a_primary_that_writes_after_its_successor_is_found() -> None:
    late = row("db1", 1, 20.5)

    assert two_primaries([*BEFORE, *AFTER, late]) == (late,)


def test_a_write_that_hung_since_before_is_no_second_primary() -> None:
    assert two_primaries([*BEFORE, *AFTER, row("db1", 1, 19, took=30)]) == ()


def test_two_hosts_on_one_timeline_are_found() -> None:
    other = row("db2", 1, 2)

    assert two_primaries([*BEFORE, other]) == (other,)


def test_consumers_are_no_nodes_of_the_database() -> None:
    assert two_primaries([*BEFORE, row("im9", 1, 2, CONSUMERS)]) == ()


def test_only_consumers_tell_for_how_long_nobody_could_write() -> None:
    writes = [row("im1", 1, 10, CONSUMERS), row("db1", 1, 15), row("im2", 2, 30, CONSUMERS)]

    assert tuple(away(writes, 9, 31)) == pytest.approx((20, 1.1))


def test_rows_that_are_gone_are_lost() -> None:
    assert lost([*BEFORE, *AFTER], [BEFORE[0].key, AFTER[0].key, AFTER[1].key, "another"]) == (BEFORE[1].key,)


def test_nothing_in_the_whole_time_is_a_gap_of_all_of_it() -> None:
    assert longest_gap([1, 9], 2, 8) == Gap(6, 0)
    assert longest_gap([3, 7], 2, 8) == Gap(4, 1)


@given(st.lists(st.floats(0, 100)), st.floats(0, 50), st.floats(50, 100))
def test_more_successes_never_make_the_gap_longer(moments: list[float], begin: float, end: float) -> None:
    found = longest_gap(moments, begin, end).seconds
    assert found <= longest_gap(moments[1:], begin, end).seconds <= end - begin
    assert not math.isnan(found)


@given(st.lists(st.tuples(st.integers(0, 5), st.floats(0, 5)), max_size=10))
def test_primaries_in_turn_are_never_two(turns: list[tuple[int, float]]) -> None:
    now, writes = 0.0, []
    for timeline, (count, pause) in enumerate(turns):
        now += pause
        for _ in range(count):
            writes.append(row(f"db{timeline % 2}", timeline, now))
            now += 0.5

    assert two_primaries(writes) == ()
