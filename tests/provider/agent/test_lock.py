"""One writer per host."""

import fcntl
import os
import re
from pathlib import Path

import pytest

from onprem.agent import lock
from onprem.agent.commands import Commands, Ending
from onprem.agent.errors import AgentError, EndedError
from onprem.agent.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def test_the_lock_is_free_once_its_holder_is_done(store: Store) -> None:
    with lock.writing(store, Commands(Ending(), lambda text: None)):
        assert lock.is_held(store)

    assert not lock.is_held(store)


def test_who_waits_too_long_is_told_for_whom(store: Store) -> None:
    descriptor = os.open(store.lock, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)

    with pytest.raises(AgentError) as caught, lock.writing(store, Commands(Ending(), lambda text: None), seconds=0.3):
        pytest.fail("the lock was given twice")

    os.close(descriptor)
    pattern = r"the host is locked by another change \(process \d+(, from \S+)?\) for 0 s already; try again later"
    assert re.fullmatch(pattern, str(caught.value))


def test_waiting_ends_with_the_connection(store: Store) -> None:
    ending = Ending()
    ending.set()
    descriptor = os.open(store.lock, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)

    with pytest.raises(EndedError), lock.writing(store, Commands(ending, lambda text: None)):
        pytest.fail("the lock was given twice")

    os.close(descriptor)


def test_nothing_is_made_to_see_whether_somebody_writes(tmp_path: Path) -> None:
    assert not lock.is_held(Store(tmp_path / "state"))
    assert list(tmp_path.iterdir()) == []
