"""A server that nobody declared: `listen PORT` is it, `ask ADDRESS PORT` says how it answers. TCP and UDP."""

import contextlib
import os
import socket
import sys


def listen(port: int) -> None:
    """On every address. Sends back what comes by UDP; tells systemd when it is there."""
    with (
        socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True),
        socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as own,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd,
    ):
        own.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        own.bind(("::", port))
        systemd.sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])
        while True:
            own.sendto(*own.recvfrom(64))


def ask(address: str, port: int) -> None:
    """Prints the protocols that answer."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    for protocol, kind in {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}.items():
        with contextlib.suppress(OSError), socket.socket(family, kind) as own:
            own.settimeout(3)
            own.connect((address, port))
            own.send(b"\0")
            if protocol == "udp":
                own.recv(64)
            print(protocol)


if __name__ == "__main__":
    if sys.argv[1] == "listen":
        listen(int(sys.argv[2]))
    else:
        ask(sys.argv[2], int(sys.argv[3]))
