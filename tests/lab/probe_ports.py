"""Which ports answer: `probe_ports.py tcp|udp SOURCE TARGET FIRST LAST`. Runs inside the lab, with Python alone.

A firewall that drops says nothing, so every word is an answer: a connection, data, a refusal, any ICMP error.
"""

import contextlib
import errno
import resource
import select
import socket
import sys
import time
from collections.abc import Iterator

AT_ONCE = 16384
SECONDS = 2
"""Longer than a connection takes to ask a second time."""
IP_BIND_ADDRESS_NO_PORT = 24  # `socket` has no name for these
KEEP_ERRORS = {socket.AF_INET: (socket.IPPROTO_IP, 11), socket.AF_INET6: (socket.IPPROTO_IPV6, 25)}
"""IP_RECVERR and IPV6_RECVERR: an ICMP error is kept, with the address that the datagram went to."""


def tcp(source: str, target: str, ports: range) -> Iterator[int]:
    """Some thousands of connections at once."""
    for first in range(0, len(ports), AT_ONCE):
        yield from connected(source, target, ports[first : first + AT_ONCE])


def connected(source: str, target: str, ports: range) -> Iterator[int]:
    with contextlib.ExitStack() as opened, select.epoll() as poll:
        asked = {}
        for port in ports:
            connection = opened.enter_context(bound(socket.SOCK_STREAM, source))
            if connection.connect_ex((target, port)) == errno.EINPROGRESS:
                poll.register(connection, select.EPOLLOUT)
                asked[connection.fileno()] = port
            else:
                yield port
        end = time.monotonic() + SECONDS
        while (left := end - time.monotonic()) > 0:
            for descriptor, _ in poll.poll(left):
                poll.unregister(descriptor)
                yield asked[descriptor]


def udp(source: str, target: str, ports: range) -> Iterator[int]:
    """One datagram to each port, then some time to listen."""
    with bound(socket.SOCK_DGRAM, source) as own:
        own.setsockopt(*KEEP_ERRORS[own.family], 1)
        for port in ports:
            send(own, target, port)
            yield from heard(own)
        end = time.monotonic() + SECONDS
        while (left := end - time.monotonic()) > 0:
            select.select([own], [], [own], left)
            yield from heard(own)


def send(own: socket.socket, target: str, port: int) -> None:
    """An ICMP error for an earlier datagram is told to the next caller; it is in the queue of errors, too."""
    for _ in range(10):
        with contextlib.suppress(ConnectionRefusedError, PermissionError):
            own.sendto(b"\0", (target, port))
            return
    raise OSError(f"nothing can be sent to port {port}")


def heard(own: socket.socket) -> Iterator[int]:
    """The ports that answered or were refused since the last time."""
    for flags in (0, socket.MSG_ERRQUEUE):
        with contextlib.suppress(BlockingIOError):
            while True:
                with contextlib.suppress(ConnectionRefusedError):
                    yield own.recvmsg(64, 1024, flags)[3][1]


def bound(kind: socket.SocketKind, source: str) -> socket.socket:
    own = socket.socket(socket.AF_INET6 if ":" in source else socket.AF_INET, kind)
    own.setblocking(False)
    own.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
    own.bind((source, 0))
    return own


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_NOFILE, (AT_ONCE + 64, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    protocol, source, target, first, last = sys.argv[1:]
    print(*sorted(set({"tcp": tcp, "udp": udp}[protocol](source, target, range(int(first), int(last) + 1)))))
