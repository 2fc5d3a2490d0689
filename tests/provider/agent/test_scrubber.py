"""Nothing that a host says shows a secret, in whichever form, or moves a terminal's cursor."""

import base64
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onprem.agent.scrubber import Scrubber

SECRET = 'p~ss/w.rd+ü"2024'
SCRUBBER = Scrubber({"password": SECRET})


@pytest.mark.parametrize(
    "shown",
    [
        SECRET,
        quote(SECRET, safe=""),
        json.dumps(SECRET),
        base64.b64encode(SECRET.encode()).decode(),
        base64.b64encode(f"user:{SECRET}:x".encode()).decode(),
        base64.urlsafe_b64encode(f"im:{SECRET}".encode()).decode(),
    ],
)
def test_a_secret_is_hidden_in_every_form(shown: str) -> None:
    scrubbed = SCRUBBER.text(f"before {shown} after")

    assert "(secret)" in scrubbed
    assert shown not in scrubbed
    assert scrubbed.startswith("before ")
    assert scrubbed.endswith(" after")


@given(st.binary(max_size=7), st.binary(max_size=7))
def test_a_secret_is_hidden_wherever_it_stands_in_base64(before: bytes, after: bytes) -> None:
    encoded = base64.b64encode(before + b"0123456789abcdefghij" + after).decode()

    scrubbed = Scrubber({"key": "0123456789abcdefghij"}).text(encoded)

    assert "(secret)" in scrubbed
    assert len(scrubbed.replace("(secret)", "")) <= len(encoded) - 26


def test_each_line_of_a_key_is_hidden() -> None:
    key = "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49\nAgEGCCqGSM49AwEH\n-----END PRIVATE KEY-----\n"

    assert Scrubber({"key": key}).text("bad line: AgEGCCqGSM49AwEH") == "bad line: (secret)"


def test_control_characters_are_made_visible() -> None:
    assert SCRUBBER.text("\x1b[2Jred\ttab\r\n\u202e") == "\\x1b[2Jred\ttab\\r\n\\u202e"


def test_long_text_is_cut() -> None:
    assert SCRUBBER.text("x" * 11, largest=10) == "x" * 10 + "\n(cut here)"


def test_keys_and_nested_texts_are_scrubbed() -> None:
    assert SCRUBBER.data({SECRET: [SECRET, 1, None]}) == {"(secret)": ["(secret)", 1, None]}


def test_nothing_is_hidden_where_there_is_no_secret() -> None:
    assert Scrubber({"empty": "", "short": "a"}).text("a plain text") == "a plain text"
