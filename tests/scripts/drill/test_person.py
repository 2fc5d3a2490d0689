"""What a good client does when its connection ends."""

import asyncio
from typing import Any

import pytest
import slixmpp

from commands.drill import person as module
from commands.drill.ledger import Message
from commands.drill.person import Person
from commands.verify import VerifyError
from commands.verify.accounts import Account
from commands.verify.sessions import Place

WHERE = Place("tls", "chat.test", "10.0.0.10", 5223, "")
ONE, TWO = Message("ann", "bob", 1), Message("ann", "bob", 2)


class Sent:
    """A stanza that notes what it is."""

    def __init__(self, log: list[str], text: str) -> None:
        self._log, self._text, self._id = log, text, ""

    def __setitem__(self, name: str, value: str) -> None:
        self._id = value

    def send(self) -> None:
        self._log.append(f"{self._text} as {self._id}")


class ScriptedSession:
    """A connection to nowhere; `refused` attempts fail first."""

    def __init__(self) -> None:
        self.made: list[ScriptedSession] = []
        self.log: list[str] = []
        self.refused = 0

    def __call__(self, *_: Any) -> "ScriptedSession":
        one = ScriptedSession()
        one.ended = asyncio.Event()
        one.refused = self.refused > len(self.made)
        self.made.append(one)
        return one

    ended: asyncio.Event

    async def begin(self) -> None:
        if self.refused:
            raise VerifyError("nobody is there")

    async def end(self) -> None:
        self.log.append("end")

    def make_message(self, mto: Any, mbody: str, mtype: str) -> Sent:
        return Sent(self.log, f"{mtype} to {mto}: {mbody}")


class Request:
    """The request for an acknowledgement."""

    def __init__(self, session: ScriptedSession) -> None:
        self._session = session

    def send(self) -> None:
        self._session.log.append("acknowledge?")


@pytest.fixture
def sessions(monkeypatch: pytest.MonkeyPatch) -> ScriptedSession:
    scripted = ScriptedSession()
    monkeypatch.setattr(module, "ChatSession", scripted)
    monkeypatch.setattr(module, "RequestAck", Request)
    monkeypatch.setattr(module, "PAUSE_SECONDS", (0, 0))
    return scripted


async def _until_made(sessions: ScriptedSession, person: Person, count: int) -> None:
    while len(sessions.made) < count or not person.is_online:
        await asyncio.sleep(0)


async def _live(person: Person, sessions: ScriptedSession, *, then: Any = None) -> None:
    """A first session, what `then` does in it, and a second one."""
    life = asyncio.create_task(person.live())
    await _until_made(sessions, person, sessions.refused + 1)
    if then:
        then()
    sessions.made[-1].ended.set()
    await asyncio.sleep(0)
    await _until_made(sessions, person, sessions.refused + 2)
    life.cancel()
    await asyncio.gather(life, return_exceptions=True)


def test_what_was_said_before_the_first_session_is_sent_in_it(sessions: ScriptedSession) -> None:
    person = Person(Account("ann", ""), WHERE)
    person.say(ONE)
    asyncio.run(_live(person, sessions))

    assert sessions.made[0].log == ["chat to bob@chat.test: drill ann bob 1 as drill.ann.bob.1", "acknowledge?", "end"]
    assert list(person.ledger.sent) == [ONE]


def test_what_was_not_acknowledged_is_sent_again_with_its_id(sessions: ScriptedSession) -> None:
    person = Person(Account("ann", ""), WHERE)

    def talk() -> None:
        person.say(ONE)
        person.say(TWO)
        stanza = slixmpp.Message()  # type: ignore[no-untyped-call]
        stanza["body"] = str(ONE)
        person.acknowledged(stanza)

    asyncio.run(_live(person, sessions, then=talk))

    again = ["chat to bob@chat.test: drill ann bob 2 as drill.ann.bob.2", "acknowledge?"]
    assert sessions.made[1].log == [*again, "end"]
    assert list(person.ledger.acknowledged) == [ONE]


def test_a_refused_login_is_tried_again(sessions: ScriptedSession) -> None:
    sessions.refused = 2
    asyncio.run(_live(Person(Account("ann", ""), WHERE), sessions))

    assert [one.log for one in sessions.made] == [["end"]] * 4


def test_who_leaves_comes_back_in_a_new_session(sessions: ScriptedSession) -> None:
    person = Person(Account("ann", ""), WHERE)

    async def run() -> None:
        life = asyncio.create_task(person.live())
        await _until_made(sessions, person, 1)
        person.leave()
        assert not person.is_online
        await _until_made(sessions, person, 2)
        life.cancel()
        await asyncio.gather(life, return_exceptions=True)

    asyncio.run(run())

    assert [one.log for one in sessions.made] == [["end"]] * 2


def test_outages_are_from_the_end_of_a_session_to_the_next(sessions: ScriptedSession) -> None:
    moments = iter(range(100))
    person = Person(Account("ann", ""), WHERE, lambda: float(next(moments)))
    asyncio.run(_live(person, sessions))

    assert [(outage.began, outage.ended) for outage in person.outages][:2] == [(0, 1), (2, 3)]


def test_a_connection_that_says_nothing_of_a_message_is_given_up(
    sessions: ScriptedSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ACKNOWLEDGE_SECONDS", -1)
    person = Person(Account("ann", ""), WHERE)
    person.say(ONE)

    async def run() -> None:
        life = asyncio.create_task(person.live())
        while len(sessions.made) < 2:
            await asyncio.sleep(0)
        life.cancel()
        await asyncio.gather(life, return_exceptions=True)

    asyncio.run(run())

    assert sessions.made[0].log[-1] == "end"


def test_only_own_messages_are_delivered() -> None:
    person = Person(Account("bob", ""), WHERE)
    for text in (str(ONE), "drill ann cid 1", "hello"):
        stanza = slixmpp.Message()  # type: ignore[no-untyped-call]
        stanza["body"] = text
        person.received(stanza)

    assert person.ledger.deliveries == [ONE]
