"""Patroni's time, whatever somebody sets the clock to."""

from components.data_stores.postgresql_files import DROP_IN, STEADY
from tests.components.data_stores.scripts import load
from tests.topologies import recorded

steady = load("postgresql/patroni_steady.py").steady


def test_goes_on_while_the_clock_is_set() -> None:
    clock, passed = [1_000.0], [5.0]
    time = steady(lambda: clock[0], lambda: passed[0])
    assert time() == 1_000

    clock[0], passed[0] = 400.0, 7.0

    assert time() == 1_002


def test_patroni_is_started_with_it() -> None:
    files = recorded("test").files("im1")
    assert f"ExecStart={STEADY} /etc/patroni/im\n" in files[DROP_IN]
    assert "patroni.__main__" in files[STEADY]
