"""XMPP over WebSocket (RFC 7395): a message is one whole element; `open` and `close` stand for the stream's tags."""

import re
from xml.etree import ElementTree
from xml.sax.saxutils import quoteattr

NAMESPACE = "urn:ietf:params:xml:ns:xmpp-framing"
STREAM = "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'"
END = "</stream:stream>"


def outgoing(text: str, domain: str) -> str | None:
    """The message for what a client would write to a stream; None for whitespace that keeps a connection alive."""
    if not text.strip():
        return None
    if text.startswith("<stream:stream"):
        return f"<open xmlns='{NAMESPACE}' to={quoteattr(domain)} version='1.0'/>"
    if text.startswith(END):
        return f"<close xmlns='{NAMESPACE}'/>"
    head = text[: text.index(">")]
    if re.search(r"\sxmlns=", head):
        return text
    return re.sub(r"^<([\w.-]+)", r"<\1 xmlns='jabber:client'", text)


def incoming(message: str) -> str:
    """What a stream would have brought for this message."""
    if NAMESPACE not in message:
        return message
    element = ElementTree.fromstring(message)  # noqa: S314 - from the server whose certificate was checked
    if element.tag == f"{{{NAMESPACE}}}close":
        return END
    if element.tag != f"{{{NAMESPACE}}}open":
        return message
    attributes = (f"{name}={quoteattr(element.get(name, ''))}" for name in ("id", "from", "version"))
    return f"{STREAM} {' '.join(attributes)}>"
