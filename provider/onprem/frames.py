"""Frames between provider and agent: four bytes of length (big-endian), then that much JSON in UTF-8."""

import asyncio
import json
from typing import Any

from onprem.errors import OnPremError

LARGEST = 16 * 1024 * 1024


def encode(message: dict[str, Any]) -> bytes:
    """`message` as a frame; raises when it is too large to be sent."""
    body = json.dumps(message, separators=(",", ":")).encode()
    if len(body) > LARGEST:
        raise OnPremError(f"the declaration takes {len(body) / 2**20:.0f} MiB; {LARGEST // 2**20} MiB is the limit")
    return len(body).to_bytes(4, "big") + body


async def receive(stream: asyncio.StreamReader) -> dict[str, Any]:
    """The next frame; IncompleteReadError at the end of the stream, ValueError for what is no frame."""
    size = int.from_bytes(await stream.readexactly(4), "big")
    if size > LARGEST:
        raise ValueError("a frame is too large")
    message = json.loads(await stream.readexactly(size))
    if not isinstance(message, dict):
        raise ValueError("a frame is not an object")  # noqa: TRY004 - a fault of what was received, not of a type here
    return message
