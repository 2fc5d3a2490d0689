"""Who on the network has an address, by the kernel's table of neighbours (ARP, RFC 826), and who takes connections."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

TABLE = Path("/proc/net/arp")
COMPLETE = 0x2
"""Of an entry's flags: somebody has answered (linux/if_arp.h, ATF_COM)."""
DISCARD_PORT = 9
ANSWER_SECONDS = 1.0
CONNECT_SECONDS = 3.0


def strangers(addresses: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """By address, the link-layer address of who has it; "" for nobody, this machine, or one with the given others."""
    return {address: _stranger(address, others) for address, others in addresses.items()}


def _stranger(address: str, others: Sequence[str]) -> str:
    if is_own(address) or not (found := link_of(address)):
        return ""
    return "" if found in map(link_of, others) else found


def silent(members: Sequence[str]) -> list[str]:
    """Those of `members` (ADDRESS:PORT, IPv4) that take no connection."""
    return [member for member in members if not _answers(*member.split(":"))]


def _answers(address: str, port: str) -> bool:
    try:
        socket.create_connection((address, int(port)), CONNECT_SECONDS).close()
    except OSError:
        return False
    return True


def is_own(address: str) -> bool:
    """Whether this machine has it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as trying:
        try:
            trying.bind((address, 0))
        except OSError:
            return False
    return True


def link_of(address: str) -> str:
    """The link-layer address that answers for `address` within a second; empty when none does."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.sendto(b"", (address, DISCARD_PORT))  # nobody needs to take it: the kernel asks first whose it is
    deadline = time.monotonic() + ANSWER_SECONDS
    while not (found := _in_table(address)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return found


def _in_table(address: str) -> str:
    """Lines have address, kind, flags and link-layer address, below a heading."""
    for line in TABLE.read_text().splitlines()[1:]:
        words = line.split()
        if words[0] == address and int(words[2], 16) & COMPLETE:
            return words[3]
    return ""
