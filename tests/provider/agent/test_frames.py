"""Frames in both directions."""

import io
import json

import pytest

from onprem.agent import frames
from onprem.agent.errors import AgentError


def test_what_is_written_can_be_read() -> None:
    sink = io.BytesIO()
    frames.write(sink, {"id": 1, "progress": "für 3 s"})
    frames.write(sink, {"id": 2, "result": {}})
    source = io.BytesIO(sink.getvalue())

    assert frames.read(source) == {"id": 1, "progress": "für 3 s"}
    assert frames.read(source) == {"id": 2, "result": {}}
    assert frames.read(source) is None


def test_a_cut_frame_is_the_end() -> None:
    sink = io.BytesIO()
    frames.write(sink, {"id": 1})

    assert frames.read(io.BytesIO(sink.getvalue()[:-1])) is None


def test_a_request_that_is_too_large_is_refused() -> None:
    with pytest.raises(AgentError) as caught:
        frames.read(io.BytesIO((frames.LIMIT + 1).to_bytes(4, "big")))

    assert str(caught.value) == "a request of 16777217 bytes is larger than the 16777216 that are taken"


def test_an_answer_that_is_too_large_becomes_an_error() -> None:
    sink = io.BytesIO()

    frames.write(sink, {"id": 7, "result": "x" * frames.LIMIT})

    body = json.loads(sink.getvalue()[4:])
    assert body == {"id": 7, "error": {"message": "the answer is larger than the 16777216 bytes that may be sent"}}


def test_half_a_character_does_not_stop_an_answer() -> None:
    sink = io.BytesIO()

    frames.write(sink, {"id": 1, "result": "\udc80"})

    assert json.loads(sink.getvalue()[4:]) == {"id": 1, "result": "\udc80"}
