"""Somebody with a good chat client: comes back when the connection ends, and sends again what was not acknowledged."""

import asyncio
import contextlib
import math
import random
import sys
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import slixmpp
from slixmpp.exceptions import IqError, IqTimeout
from slixmpp.plugins.xep_0198.stanza import RequestAck

from commands.drill import DrillError
from commands.drill.ledger import Ledger, Message
from commands.drill.outages import Outage
from commands.verify import VerifyError
from commands.verify.accounts import Account
from commands.verify.sessions import Place, Session

CONNECT_SECONDS = 2
LOGIN_SECONDS = 10
LEAVE_SECONDS = 2
ACKNOWLEDGE_SECONDS = 30
"""As long as ejabberd waits for a client's acknowledgement (mod_stream_mgmt: ack_timeout)."""
WATCH_SECONDS = 1
PAUSE_SECONDS = (0.05, 0.5)
LONGEST_PAUSE_SECONDS = 4
ARCHIVE_PAGE = 100


class ChatSession(Session):
    """One connection, with acknowledgements of each message by the server (XEP-0198), and without resumption."""

    def __init__(self, account: Account, where: Place, person: "Person") -> None:
        super().__init__(account, where)
        self._person = person
        self.ended = asyncio.Event()
        self._settled = asyncio.Event()
        self.register_plugin("xep_0198", {"window": sys.maxsize, "allow_resume": False})
        self.add_event_handler("sm_enabled", lambda _: self._settled.set())
        self.add_event_handler("disconnected", self._end)
        self.add_event_handler("stanza_acked", person.acknowledged)
        self.add_event_handler("message", person.received)

    async def _attempt_connection(self, host: str, port: int, tls: bool, server_hostname: str | None) -> bool:
        """Nobody waits as long as the kernel does for an address that does not answer."""
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                return await super()._attempt_connection(host, port, tls, server_hostname)
        except TimeoutError as error:
            self.event("connection_failed", error)
            return False

    async def begin(self) -> None:
        """Logs in, until messages can be sent."""
        async with asyncio.timeout(LOGIN_SECONDS):
            await self.log_in()
            await self._settled.wait()
        if self.ended.is_set():
            raise VerifyError(f"{self.where}: the server ended the connection before messages could be sent")

    def _end(self, _: Any) -> None:
        self.ended.set()
        self._settled.set()

    async def end(self) -> None:
        """Leaves at once what may lead nowhere. After an abort, slixmpp sometimes waits for an end that has been."""
        self.abort()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LEAVE_SECONDS):
                await self.log_out()


class Person:
    """Lives as long as the drill; sessions come and go. `ledger` is exchanged between rounds."""

    def __init__(self, account: Account, where: Place, clock: Callable[[], float] = time.monotonic) -> None:
        self.account = account
        self.where = where
        self.ledger = Ledger()
        self.outages = [Outage(account.user, clock())]
        self._clock = clock
        self._session: ChatSession | None = None
        self._outbox: dict[Message, float] = {}
        """What is not acknowledged, in order, with the moment it was last given to a connection."""

    @property
    def name(self) -> str:
        """The account's."""
        return self.account.user

    @property
    def is_online(self) -> bool:
        """Whether messages can be sent."""
        return self._session is not None

    def say(self, message: Message) -> None:
        """Sends now, or as soon as there is a session."""
        self._outbox[message] = math.inf
        if self._session:
            self._send(self._session, message)

    def leave(self) -> None:
        """Ends the session, and comes back as after any other end."""
        if self._session:
            self._session.ended.set()
            self._left()

    async def live(self) -> None:
        """Until cancelled."""
        attempt = 0
        while True:
            session = ChatSession(self.account, self.where, self)
            try:
                await session.begin()
                attempt = 0
                await self._chat(session)
            except (VerifyError, TimeoutError):
                attempt += 1
            finally:
                self._left()
                await session.end()
            await asyncio.sleep(min(random.uniform(*PAUSE_SECONDS) * 2**attempt, LONGEST_PAUSE_SECONDS))  # noqa: S311

    async def _chat(self, session: ChatSession) -> None:
        self._session = session
        self.outages[-1] = Outage(self.name, self.outages[-1].began, self._clock())
        for message in list(self._outbox):
            self._send(session, message)
        while not session.ended.is_set() and not self._is_forgotten():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(session.ended.wait(), WATCH_SECONDS)

    def _is_forgotten(self) -> bool:
        """Whether the server has said nothing of a message for so long that the connection must be dead."""
        return any(self._clock() - given > ACKNOWLEDGE_SECONDS for given in self._outbox.values())

    def _left(self) -> None:
        if self._session:
            self._session = None
            self.outages.append(Outage(self.name, self._clock()))

    def _send(self, session: ChatSession, message: Message) -> None:
        stanza = session.make_message(
            mto=slixmpp.JID(f"{message.recipient}@{self.where.domain}"), mbody=str(message), mtype="chat"
        )
        stanza["id"] = str(message).replace(" ", ".")
        self._outbox[message] = self._clock()
        self.ledger.note_sent(message, self._clock())
        stanza.send()
        RequestAck(session).send()  # the plugin's own request overtakes the message

    def acknowledged(self, stanza: Any) -> None:
        """The server says that it has this stanza."""
        message = Message.read(stanza["body"]) if isinstance(stanza, slixmpp.Message) else None
        if message:
            self._outbox.pop(message, None)
            self.ledger.note_acknowledged(message, self._clock())

    def received(self, stanza: Any) -> None:
        """A message arrived."""
        message = Message.read(stanza["body"])
        if message and message.recipient == self.name:
            self.ledger.note_delivered(message)

    async def read_archive(self, since: datetime) -> None:
        """Notes in the ledger what this person finds in its archive (XEP-0313) from `since` on."""
        if not self._session:
            raise DrillError(f"{self.name}: has no session to read its archive with")
        archive = self._session["xep_0313"].iterate(start=since, rsm={"max": ARCHIVE_PAGE})
        try:
            found = [Message.read(each["mam_result"]["forwarded"]["stanza"]["body"]) async for each in archive]
        except (IqError, IqTimeout) as error:
            raise DrillError(f"{self.name}: the archive cannot be read: {error.condition}") from None
        self.ledger.note_archive(self.name, filter(None, found))
