"""Chat between clients that need no server."""

import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest

from commands.load import LoadError, phases
from commands.load.client import Client
from commands.load.phases import Chat, Phase, silence, storm


class FakeClient:
    """Hands a message straight to its recipient, unless it is to be lost or doubled."""

    copies = 1

    def __init__(self) -> None:
        self.arrived: Callable[[Any, str], None] = lambda client, text: None
        self.said: list[str] = []

    async def log_in(self) -> None:
        await asyncio.sleep(0)

    def say(self, other: "FakeClient", text: str) -> None:
        self.said.append(text)
        for _ in range(self.copies):
            asyncio.get_running_loop().call_soon(other.arrived, other, text)


def _clients(count: int) -> tuple[list[FakeClient], list[Client]]:
    fakes = [FakeClient() for _ in range(count)]
    return fakes, cast("list[Client]", fakes)


def _no_look() -> dict[str, float]:
    return {}


async def _steady(clients: list[Client]) -> Phase:
    return await Chat(clients).steady(rate=200, seconds=0.05, look=_no_look)


def test_everybody_sends_in_turn_and_everything_arrives() -> None:
    fakes, clients = _clients(4)

    phase = asyncio.run(_steady(clients))

    assert (phase.asked, len(phase.milliseconds), phase.twice) == (10, 10, 0)
    assert [len(fake.said) for fake in fakes] == [3, 3, 2, 2]
    assert len({text for fake in fakes for text in fake.said}) == 10


def test_a_lost_message_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phases, "ARRIVE_SECONDS", 0.05)
    fakes, clients = _clients(2)
    fakes[1].copies = 0

    phase = asyncio.run(_steady(clients))

    assert (phase.asked, len(phase.milliseconds)) == (10, 5)


def test_a_message_that_comes_twice_is_seen() -> None:
    fakes, clients = _clients(2)
    fakes[0].copies = 2

    phase = asyncio.run(_steady(clients))

    assert (len(phase.milliseconds), phase.twice) == (10, 5)


def test_flat_out_each_client_waits_for_its_own_message() -> None:
    fakes, clients = _clients(2)
    fakes[1].copies = 0

    async def flat_out() -> Phase:
        return await Chat(clients).flat_out(seconds=0.05, look=_no_look)

    original, phases.ARRIVE_SECONDS = phases.ARRIVE_SECONDS, 0
    try:
        phase = asyncio.run(flat_out())
    finally:
        phases.ARRIVE_SECONDS = original

    assert len(fakes[1].said) == 1
    assert len(fakes[0].said) == len(phase.milliseconds) > 1


def test_an_odd_number_makes_no_pairs() -> None:
    with pytest.raises(LoadError) as refused:
        Chat(_clients(3)[1])

    assert str(refused.value) == "3 clients make no pairs; name an even number"


def test_a_storm_has_a_latency_for_each_login() -> None:
    phase = asyncio.run(storm(_clients(6)[1], _no_look))

    assert (phase.name, phase.asked, len(phase.milliseconds)) == ("logins", 6, 6)


def test_hosts_are_charged_what_was_used_during_the_phase(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phases, "SETTLE_SECONDS", 0)
    looks = iter(({"ejabberd": 1.5}, {"ejabberd": 4.0, "HAProxy": 1.0}))

    phase = asyncio.run(silence(0.01, lambda: next(looks)))

    assert phase.hosts == {"ejabberd": 2.5, "HAProxy": 1.0}
