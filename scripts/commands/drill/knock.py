"""Tries to connect, over and over: `knock ADDRESS PORT` prints the moment of success (monotonic seconds), or `failed`.

A process of its own, so that a drill that is busy with its clients does not look like an address that is away.
"""

import socket
import sys
import time

PERIOD_SECONDS = 0.1
CONNECT_SECONDS = 0.3
FAILED = "failed"


def answers(address: str, port: int) -> bool:
    """Whether a connection comes about."""
    try:
        socket.create_connection((address, port), timeout=CONNECT_SECONDS).close()
    except OSError:
        return False
    return True


def main(address: str, port: str) -> None:
    """Until it is ended, or nobody reads any more."""
    while True:
        began = time.monotonic()
        print(time.monotonic() if answers(address, int(port)) else FAILED, flush=True)
        time.sleep(max(0.0, began + PERIOD_SECONDS - time.monotonic()))


if __name__ == "__main__":
    main(*sys.argv[1:])
