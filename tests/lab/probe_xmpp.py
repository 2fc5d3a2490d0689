"""A client stream by somebody without an account: `probe_xmpp.py ADDRESS PORT DOMAIN direct|starttls CA_FILE`."""

import json
import re
import socket
import ssl
import sys

HEADER = (
    "<?xml version='1.0'?><stream:stream to='{domain}' version='1.0' xmlns='jabber:client' "
    "xmlns:stream='http://etherx.jabber.org/streams'>"
)
STARTTLS = "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
STRANGER = "probe-stranger"
REGISTER = (
    "<iq type='set' id='1' to='{domain}'><query xmlns='jabber:iq:register'>"
    f"<username>{STRANGER}</username><password>wagtail-Umbrella-7-orchard-kettle</password></query></iq>"
)
SECONDS = 20


class Stream:
    """Text out, text in, until the server has closed it."""

    def __init__(self, address: str, port: int, domain: str) -> None:
        self.domain = domain
        self.socket = socket.create_connection((address, port), SECONDS)

    def ask(self, text: str, end: str) -> str:
        """Sends `text` and returns what comes, up to the expression `end`."""
        self.socket.sendall(text.encode())
        heard = ""
        while not re.search(end, heard) and (piece := self.socket.recv(65536)):
            heard += piece.decode()
        return heard

    def open(self) -> str:
        """Begins a stream; returns the features it offers."""
        return self.ask(HEADER.format(domain=self.domain), "</stream:features>|</stream:stream>")

    def register(self) -> str:
        """The answer to a registration."""
        return self.ask(REGISTER.format(domain=self.domain), "</iq>|</stream:stream>")

    def encrypt(self, context: ssl.SSLContext, way: str) -> None:
        """TLS at once, or after STARTTLS."""
        if way == "starttls":
            self.open()
            self.ask(STARTTLS, "<proceed[^>]*>")
        self.socket = context.wrap_socket(self.socket, server_hostname=self.domain)


def main(address: str, port: str, domain: str, way: str, ca_file: str) -> dict[str, str]:
    """What is offered, and what is answered to a registration, with STARTTLS also before TLS."""
    said = {}
    if way == "starttls":
        plain = Stream(address, int(port), domain)
        said = {"features in clear": plain.open(), "register in clear": plain.register()}
    stream = Stream(address, int(port), domain)
    stream.encrypt(ssl.create_default_context(cafile=ca_file), way)
    return {**said, "features": stream.open(), "register": stream.register()}


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
