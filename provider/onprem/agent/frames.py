"""Frames: four bytes of length (big-endian), then that many bytes of JSON."""

from __future__ import annotations

import json
from typing import Any, BinaryIO

from .errors import AgentError

LIMIT = 16 * 1024 * 1024


def read(source: BinaryIO, limit: int = LIMIT) -> dict[str, Any] | None:
    """The next frame of at most `limit` bytes, or None at the end of the input."""
    header = source.read(4)
    if len(header) < 4:
        return None
    length = int.from_bytes(header, "big")
    if length > limit:
        raise AgentError(f"a request of {length} bytes is larger than the {limit} that are taken")
    body = source.read(length)
    if len(body) < length:
        return None
    frame = json.loads(body)
    if not isinstance(frame, dict):
        raise AgentError("a request must be a JSON object")
    return frame


def write(sink: BinaryIO, frame: dict[str, Any]) -> None:
    """Sends one frame; an answer that is too large becomes an error."""
    body = json.dumps(frame, ensure_ascii=False).encode("utf-8", "backslashreplace")
    if len(body) > LIMIT:
        error = {"message": f"the answer is larger than the {LIMIT} bytes that may be sent"}
        body = json.dumps({"id": frame.get("id"), "error": error}).encode()
    sink.write(len(body).to_bytes(4, "big") + body)
    sink.flush()
