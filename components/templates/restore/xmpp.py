# managed by Pulumi; edit components/templates/restore/xmpp.py
"""As much of a chat client as reads one message of an archive (RFC 6120, XEP-0313). On loopback, without TLS."""

import base64
import socket
from collections.abc import Iterator
from typing import Any, cast
from xml.etree.ElementTree import Element, XMLPullParser
from xml.sax.saxutils import quoteattr

from .errors import RestoreError

SECONDS = 30
CLIENT, SASL, STREAMS = "{jabber:client}", "{urn:ietf:params:xml:ns:xmpp-sasl}", "{http://etherx.jabber.org/streams}"
RESULT, FORWARDED = "{urn:xmpp:mam:2}result", "{urn:xmpp:forward:0}forwarded"
BODY = f"{RESULT}/{FORWARDED}/{CLIENT}message/{CLIENT}body"
STREAM = "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0' to={}>"
BIND = "<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>"
QUERY = (
    "<iq type='set' id='query'><query xmlns='urn:xmpp:mam:2'><set xmlns='http://jabber.org/protocol/rsm'>"
    "<max>1</max><before>{}</before></set></query></iq>"
)


class Stream:
    """One connection. Each stanza is read as it comes."""

    def __init__(self, connection: socket.socket, domain: str) -> None:
        self._socket, self._domain = connection, domain
        self._parser: XMLPullParser[Any]
        self.open()

    def open(self) -> None:
        """At the beginning, and again after the login."""
        self._parser, self._depth = XMLPullParser(("start", "end")), 0
        self.send(STREAM.format(quoteattr(self._domain)))
        self.until(f"{STREAMS}features")

    def send(self, text: str) -> None:
        self._socket.sendall(text.encode())

    def until(self, tag: str) -> list[Element]:
        """All that comes, the last with this tag."""
        came = [self._stanza()]
        while came[-1].tag != tag:
            if came[-1].tag in (f"{SASL}failure", f"{STREAMS}error"):
                raise RestoreError(f"the scratch IM server refuses: {', '.join(each.tag for each in came[-1])}")
            came.append(self._stanza())
        return came

    def _stanza(self) -> Element:
        while True:
            for event, element in cast("Iterator[tuple[str, Element]]", self._parser.read_events()):
                self._depth += 1 if event == "start" else -1
                if event == "end" and self._depth == 1:
                    return element
            text = self._socket.recv(65_536)
            if not text:
                raise RestoreError("the scratch IM server ends the connection")
            self._parser.feed(text)


def message(port: int, domain: str, user: str, password: str, stamp: int) -> str:
    """The text of the one that is in the archive of `user` under `stamp` (microseconds); empty without one."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=SECONDS) as connection:
            return read(Stream(connection, domain), user, password, stamp)
    except OSError as error:
        raise RestoreError(f"the scratch IM server does not answer: {error}") from None


def read(stream: Stream, user: str, password: str, stamp: int) -> str:
    """Logs in, and asks."""
    words = base64.b64encode(f"\0{user}\0{password}".encode()).decode()
    stream.send(f"<auth xmlns='{SASL[1:-1]}' mechanism='PLAIN'>{words}</auth>")
    stream.until(f"{SASL}success")
    stream.open()
    stream.send(BIND)
    stream.until(f"{CLIENT}iq")
    stream.send(QUERY.format(stamp + 1))
    found = [each.findtext(BODY) for each in stream.until(f"{CLIENT}iq")]
    return next((text for text in found if text), "")
