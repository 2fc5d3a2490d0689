"""Runs on the host under `python3 -I -S -c`: receives the agent, a zip, and starts it from memory. For any Python 3."""

import os
import sys

OLDEST = (3, 9)


def receive(count: int) -> bytes:
    """Exactly `count` bytes of descriptor 0, and not one more: the rest belongs to the agent."""
    received = b""
    while len(received) < count:
        piece = os.read(0, count - len(received))
        if not piece:
            sys.exit("the connection ended before the agent arrived")
        received += piece
    return received


def in_memory(content: bytes) -> str:
    """The path, for this process, of a file that is on no disk."""
    descriptor = os.memfd_create("agent")
    with os.fdopen(descriptor, "wb", closefd=False) as file:
        file.write(content)
    return "/proc/self/fd/%d" % descriptor  # noqa: UP031


if __name__ == "__main__":
    if sys.version_info < OLDEST:
        sys.exit("python3 is %d.%d, needed is %d.%d or newer" % (sys.version_info[:2] + OLDEST))  # noqa: UP031
    os.write(1, b"\0onprem\0")
    bundle = in_memory(receive(int.from_bytes(receive(4), "big")))
    sys.path.insert(0, bundle)
    import agent  # type: ignore[import-not-found]
    import agent.main  # type: ignore[import-not-found]

    agent.BUNDLE = bundle
    agent.main.main()
