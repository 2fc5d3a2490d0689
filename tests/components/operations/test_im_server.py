"""The scratch IM server of a restore test, and the client that reads a message back through it."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from components.templates.restore import im_server, xmpp
from components.templates.restore.errors import RestoreError

OPENED = (
    "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>"
    "<stream:features/>"
)
SASL = "xmlns='urn:ietf:params:xml:ns:xmpp-sasl'"
SUCCESS, FAILURE = f"<success {SASL}/>", f"<failure {SASL}><not-authorized/></failure>"
BOUND = "<iq type='result' id='bind'/>"
FOUND = (
    "<message><result xmlns='urn:xmpp:mam:2' id='7'><forwarded xmlns='urn:xmpp:forward:0'>"
    "<message xmlns='jabber:client'><body>Hello</body></message></forwarded></result></message>"
)
END = "<iq type='result' id='query'/>"


@contextlib.contextmanager
def server(*answers: str) -> Iterator[list[str]]:
    """A port that gives these answers, one to each thing it is told; what it was told."""
    told: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                for answer in answers:
                    told.append(connection.recv(65_536).decode())
                    connection.sendall(answer.encode())
                connection.recv(65_536)  # an end with something unread would be a reset

        thread = threading.Thread(target=serve)
        thread.start()
        told.append(str(listening.getsockname()[1]))
        yield told
        thread.join()


def message(told: list[str]) -> str:
    return xmpp.message(int(told[0]), "chat.test", "alice", "secret", 7)


def test_the_message_under_a_stamp_is_read() -> None:
    with server(OPENED, SUCCESS, OPENED, BOUND, FOUND + END) as told:
        assert message(told) == "Hello"
    assert "<max>1</max><before>8</before>" in told[-1]


def test_an_archive_without_it_is_no_error() -> None:
    with server(OPENED, SUCCESS, OPENED, BOUND, END) as told:
        assert message(told) == ""


def test_a_refused_login_is_said() -> None:
    with server(OPENED, FAILURE) as told, pytest.raises(RestoreError, match=r"refuses: .*not-authorized"):
        message(told)


def test_an_end_in_between_is_said() -> None:
    with server(OPENED) as told, pytest.raises(RestoreError, match="the scratch IM server ends the connection"):
        message(told)


class Restored:
    """An instance that has a message, or none."""

    def __init__(self, newest: str) -> None:
        self.newest, self.told = newest, list[str]()

    def ask(self, sql: str, database: str = "postgres") -> str:
        self.told.append(sql)
        return self.newest if sql == im_server.NEWEST else ""

    def stop(self) -> None:
        pass

    def start(self, target: dict[str, str]) -> None:
        self.told.append(target["listen_addresses"])

    def wait(self, question: str, answer: str) -> None:
        pass


SETTINGS = {"database": "im", "role": "ejabberd", "domain": "chat.test"}
NEWEST = '{"id": 3, "user": "alice", "stamp": 7, "text": "Hello"}'


def read_back(monkeypatch: pytest.MonkeyPatch, instance: Any, text: str) -> str:
    monkeypatch.setattr(im_server, "serving", lambda settings, password: contextlib.nullcontext())
    monkeypatch.setattr(xmpp, "message", lambda *words: text)
    return im_server.read_back(instance, SETTINGS)


def test_the_newest_message_is_read_back_and_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    instance = Restored(NEWEST)
    assert read_back(monkeypatch, instance, "Hello") == "read back through a scratch IM server"
    assert instance.told[-1] == "127.0.0.1"
    assert "archive WHERE id = 3" in instance.told[-2]


def test_another_message_is_no_good_test(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RestoreError, match="is not what the scratch IM server gives"):
        read_back(monkeypatch, Restored(NEWEST), "")


def test_an_empty_archive_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_back(monkeypatch, Restored(""), "") == "there is none with a text"
