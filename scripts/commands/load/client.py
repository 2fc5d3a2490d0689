"""A chat client that tells when a message arrived. STARTTLS, the certificate checked, SCRAM."""

import asyncio
from collections.abc import Callable
from typing import Any

import slixmpp
from slixmpp.exceptions import IqError, IqTimeout

from commands.load import LoadError
from commands.verify.accounts import Account
from commands.verify.sessions import Place, Session

ARCHIVE_SECONDS = 60


class Client(Session):
    """With `proxied`, it begins as the load balancer would: by a PROXY header (version 1)."""

    def __init__(self, account: Account, where: Place, *, proxied: bool) -> None:
        super().__init__(account, where)
        self._proxied = proxied
        self.arrived: Callable[[Client, str], None] = lambda client, text: None
        self.add_event_handler("message", lambda message: self.arrived(self, message["body"]))

    def connection_made(self, transport: asyncio.BaseTransport, send_event: bool = True) -> None:
        """Before anything else, and before TLS."""
        if self._proxied and isinstance(transport, asyncio.WriteTransport) and not _is_encrypted(transport):
            transport.write(proxy_header(*transport.get_extra_info("sockname"), *transport.get_extra_info("peername")))
        super().connection_made(transport, send_event)

    def say(self, other: "Client", text: str) -> None:
        """One-to-one."""
        self.send_message(mto=slixmpp.JID(other.boundjid.bare), mbody=text, mtype="chat")

    async def archived(self) -> int:
        """How many messages its archive (XEP-0313) has."""
        try:
            answer: Any = await asyncio.wait_for(self["xep_0313"].retrieve(rsm={"max": 0}), ARCHIVE_SECONDS)
        except (IqError, IqTimeout, TimeoutError):
            raise LoadError(f"{self.where}: the archive cannot be read") from None
        return int(answer["mam_fin"]["rsm"]["count"])


def proxy_header(source: str, source_port: int, target: str, target_port: int) -> bytes:
    """The PROXY protocol's first version, for IPv4."""
    return f"PROXY TCP4 {source} {target} {source_port} {target_port}\r\n".encode()


def _is_encrypted(transport: asyncio.BaseTransport) -> bool:
    return transport.get_extra_info("ssl_object") is not None
