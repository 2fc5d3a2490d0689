"""The rollback that a host does by itself: what it runs, and who may stop it."""

import os
import time
from pathlib import Path

import pytest

from onprem.agent import confirmation
from onprem.agent.commands import Commands, Ending
from onprem.agent.confirmation import Armed
from onprem.agent.errors import AgentError
from onprem.agent.store import Store

COMMANDS = Commands(Ending(), lambda text: None)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "state")


def mark(store: Store, *, until: float, process: int = 1) -> None:
    confirmation._write_marker(store, Armed("web", "token", until, process))


def test_only_the_token_confirms(store: Store) -> None:
    mark(store, until=time.monotonic() + 60)

    with pytest.raises(AgentError) as caught:
        confirmation.confirm(store, COMMANDS, "web", "other")

    assert str(caught.value) == "web: no change waits for this confirmation; the host has put it back"


def test_nothing_can_be_confirmed_that_was_put_back(store: Store) -> None:
    with pytest.raises(AgentError) as caught:
        confirmation.confirm(store, COMMANDS, "web", "token")

    assert str(caught.value) == "web: no change waits for this confirmation; the host has put it back"


def test_the_process_that_armed_cannot_confirm(store: Store) -> None:
    mark(store, until=time.monotonic() + 60, process=os.getpid())

    with pytest.raises(AgentError) as caught:
        confirmation.confirm(store, COMMANDS, "web", "token")

    assert str(caught.value) == "web: the login that made the change cannot confirm it; log in again"


def test_the_time_begins_anew_once_the_change_is_made(store: Store) -> None:
    mark(store, until=time.monotonic() + 1)

    assert confirmation.extend(store) == "token"

    found = confirmation.armed(store)
    assert found is not None
    assert found.until > time.monotonic() + confirmation.SECONDS - 10


def test_a_marker_of_another_boot_is_overdue() -> None:
    now = time.monotonic()

    assert confirmation._is_overdue(Armed("web", "t", now + 100_000, 1))
    assert confirmation._is_overdue(Armed("web", "t", now - 61, 1))
    assert not confirmation._is_overdue(Armed("web", "t", now + 60, 1))
    assert not confirmation._is_overdue(Armed("web", "t", now - 1, 1))
