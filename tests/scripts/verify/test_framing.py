"""XMPP over WebSocket: what stands on the wire for what a stream would say, and back."""

import pytest

from commands.verify.framing import incoming, outgoing

FRAMING = "xmlns='urn:ietf:params:xml:ns:xmpp-framing'"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<stream:stream to='chat.test' version='1.0'>", f"<open {FRAMING} to=\"chat.test\" version='1.0'/>"),
        ("</stream:stream>", f"<close {FRAMING}/>"),
        (" ", None),
        ("<iq type='get'><a>b</a></iq>", "<iq xmlns='jabber:client' type='get'><a>b</a></iq>"),
        ("<presence/>", "<presence xmlns='jabber:client'/>"),
        ("<auth xmlns='urn:sasl'>x</auth>", "<auth xmlns='urn:sasl'>x</auth>"),
        ("<iq><q xmlns='urn:q'/></iq>", "<iq xmlns='jabber:client'><q xmlns='urn:q'/></iq>"),
    ],
)
def test_each_message_out_is_one_whole_element(text: str, message: str | None) -> None:
    assert outgoing(text, "chat.test") == message


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (f"<close {FRAMING}/>", "</stream:stream>"),
        ("<message xmlns='jabber:client'/>", "<message xmlns='jabber:client'/>"),
        (
            f"<open {FRAMING} id='1' from='chat.test' version='1.0'/>",
            "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'"
            ' id="1" from="chat.test" version="1.0">',
        ),
    ],
)
def test_a_message_in_becomes_stream_text(message: str, text: str) -> None:
    assert incoming(message) == text


def test_a_message_that_speaks_of_framing_stays_as_it_is() -> None:
    message = f"<message xmlns='jabber:client'><body>{FRAMING.replace(chr(39), '')}</body></message>"

    assert incoming(message) == message
