"""A chat client of the deployment, over each of the three ways in."""

import asyncio
import hashlib
import ssl
from dataclasses import dataclass
from typing import Any, Literal

import aiohttp
import slixmpp
from slixmpp.util.sasl.mechanisms import SCRAM

from commands.verify import VerifyError
from commands.verify.accounts import Account
from commands.verify.network import trusting, web
from commands.verify.outputs import Outputs
from commands.verify.websocket import WebSocketTransport

Way = Literal["starttls", "tls", "web"]
WAYS: tuple[Way, ...] = ("starttls", "tls", "web")
LOGIN_SECONDS = 20
MESSAGE_SECONDS = 10


@dataclass(frozen=True)
class Place:
    """One way into the deployment, at one load balancer."""

    way: Way
    domain: str
    address: str
    port: int
    authority: str

    def __str__(self) -> str:
        kind = {"starttls": "STARTTLS", "tls": "direct TLS", "web": "WebSocket"}[self.way]
        return f"{kind}, {self.address} port {self.port}"


def place(outputs: Outputs, way: Way, number: int) -> Place:
    """The way in at the load balancer with this number, counted round."""
    endpoints = outputs.endpoints
    if way not in endpoints.ports:
        raise VerifyError(f"the stack's outputs name no port for {way}; deploy it again with this version")
    address = endpoints.addresses[number % len(endpoints.addresses)]
    return Place(way, endpoints.domain, address, endpoints.ports[way], outputs.ca)


class Session(slixmpp.ClientXMPP):
    """One logged-in client. Every failure is told as one sentence."""

    def __init__(self, account: Account, where: Place) -> None:
        # Without a context, slixmpp reads the system's authorities twice for each client: a quarter of a second.
        name = f"{account.user}@{where.domain}/verify"
        super().__init__(name, account.password, ssl_context=trusting(where.authority))
        self.where = where
        self.enable_direct_tls = where.way == "tls"
        self.enable_starttls = where.way != "tls"
        self.inbox: asyncio.Queue[str] = asyncio.Queue()
        self._outcome: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        for plugin in ("xep_0030", "xep_0059", "xep_0313", "xep_0363"):
            self.register_plugin(plugin)
        self.add_event_handler("session_start", lambda _: self._settle(None))
        self.add_event_handler("message", lambda message: self.inbox.put_nowait(message["body"]))
        self.add_event_handler("connection_failed", self._cannot_connect)
        self.add_event_handler("ssl_invalid_chain", self._cannot_connect)
        self.add_event_handler("failed_all_auth", lambda _: self._fail("the server refuses the name and password"))
        self.add_event_handler("disconnected", lambda reason: self._fail(f"the server ended the connection ({reason})"))

    async def log_in(self) -> None:
        """Connects, checks the certificate, authenticates, and shows itself as available."""
        self.connect(self.where.address, self.where.port)
        try:
            await asyncio.wait_for(self._outcome, LOGIN_SECONDS)
        except TimeoutError:
            raise VerifyError(f"{self.where}: no login within {LOGIN_SECONDS} s") from None
        self.send_presence()

    async def log_out(self) -> None:
        """Ends the session, or what there is of it."""
        self.cancel_connection_attempt()
        if self.transport is not None:
            await self.disconnect(wait=1)
        if self._run_out_filters is not None:  # slixmpp leaves it running
            self._run_out_filters.cancel()

    async def tell(self, other: "Session", text: str) -> None:
        """Sends `text` and waits until `other` has it."""
        self.send_message(mto=slixmpp.JID(other.boundjid.bare), mbody=text, mtype="chat")
        try:
            async with asyncio.timeout(MESSAGE_SECONDS):
                while await other.inbox.get() != text:
                    pass
        except TimeoutError:
            raise VerifyError(f"{self.where}: no message arrived within {MESSAGE_SECONDS} s") from None

    def _settle(self, error: VerifyError | None) -> None:
        if self._outcome.done():
            return
        if error:
            self._outcome.set_exception(error)
        else:
            self._outcome.set_result(None)

    def _fail(self, reason: str) -> None:
        self.cancel_connection_attempt()
        self._settle(VerifyError(f"{self.where}: {reason}"))

    def _cannot_connect(self, error: Any) -> None:
        self._fail(why(error))


class WebSession(Session):
    """A client inside a WebSocket at `/ws`."""

    _client: aiohttp.ClientSession | None = None
    _socket: WebSocketTransport | None = None

    async def _attempt_connection(self, host: str, port: int, tls: bool, server_hostname: str | None) -> bool:
        where = self.where
        self._client = web(where.domain, host, self.ssl_context)
        try:
            socket = await self._client.ws_connect(f"wss://{where.domain}:{port}/ws", protocols=["xmpp"])
        except (aiohttp.ClientError, OSError) as error:
            await self._client.close()
            self.event("connection_failed", error)
            return False
        self._socket = WebSocketTransport(socket, where.domain, self.data_received, self.connection_lost)
        self.connection_made(self._socket)
        return True

    async def log_out(self) -> None:
        await super().log_out()
        if self._socket:
            await self._socket.ended()
        if self._client:
            await self._client.close()


def session(account: Account, where: Place) -> Session:
    """A client for this way in."""
    return WebSession(account, where) if where.way == "web" else Session(account, where)


def derive_keys_quickly() -> None:
    """slixmpp derives SCRAM's key in Python, 4,096 rounds for each login: many logins would measure that."""
    SCRAM.Hi = _derive  # type: ignore[method-assign, assignment]


def _derive(mechanism: SCRAM, password: bytes, salt: bytes, iterations: int) -> bytes:
    name = mechanism.hash_name.replace("-", "").lower()
    return hashlib.pbkdf2_hmac(name, bytes(password), salt, iterations)


def why(error: Any) -> str:
    """A connection's failure in words."""
    inner = getattr(error, "certificate_error", None) or getattr(error, "os_error", None) or error
    if isinstance(inner, ssl.SSLCertVerificationError):
        return f"the certificate is not to be trusted: {inner.verify_message}"
    if isinstance(inner, ssl.SSLError):
        return f"no TLS: {inner.reason or inner}"
    if isinstance(inner, ConnectionRefusedError):
        return "nothing listens there; is HAProxy running, and does the firewall let you in?"
    if isinstance(inner, aiohttp.WSServerHandshakeError):
        return f"the web server answers {inner.status} and no WebSocket; is the IM server running?"
    reason = getattr(inner, "strerror", None) or str(inner) or type(inner).__name__
    return f"cannot connect: {reason}"
