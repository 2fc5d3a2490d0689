"""The comment: nothing in it acts, and it has the size that a comment may have."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from commands.preview.markdown import MARKER, markdown, size
from commands.preview.report import Report
from tests.scripts.preview.recordings import NAMES, reported
from tests.scripts.preview.reports import with_lines, with_text

INLINE_HTML = {"<br>", "<code>", "</code>"}
BLOCK_HTML = {f"{MARKER}\n", "<details><summary>Full diff</summary>\n", "</details>\n", "</details>"}
INLINE = {"text", "code_inline", "html_inline", "strong_open", "strong_close", "em_open", "em_close"}
HOSTILE = (
    "`",
    "``",
    "```",
    "````diff",
    "~~~",
    "|",
    "\\",
    "\\|",
    "\n",
    "\r",
    "\n\n",
    "</details>",
    "</code>",
    "<script>",
    "<!--",
    "-->",
    "@everyone",
    "#1",
    "[x](javascript:1)",
    "![x](http://x.test)",
    "www.x.test",
    "&lt;",
    "&#96;",
    "/close",
    "\x1b[31m",
    "\u202e",
    "\u200b",
    "\u2028",
    "\x85",
    "$",
    "a",
    " ",
    "\t",
    "| a |",
    "**",
    "MARKER",
)
texts = st.lists(st.sampled_from(HOSTILE) | st.characters(), max_size=8).map("".join)


def _parsed(text: str) -> list[Token]:
    return MarkdownIt("commonmark").enable("table").parse(text)


def _shape(tokens: list[Token]) -> list[str]:
    return [token.type for token in tokens]


@settings(max_examples=50)
@given(texts)
def test_no_text_changes_the_structure(text: str) -> None:
    """With a line more or less in a fence, but nothing else."""
    harmless = "x" if text.strip() else text

    assert _shape(_parsed(markdown([with_text(text)], 0))) == _shape(_parsed(markdown([with_text(harmless)], 0)))


@settings(max_examples=50)
@given(texts)
def test_every_text_is_code(text: str) -> None:
    tokens = _parsed(markdown([with_text(text)], 0))
    children = [child for token in tokens for child in token.children or ()]

    assert {child.type for child in children} <= INLINE
    assert {child.content for child in children if child.type == "html_inline"} <= INLINE_HTML
    assert {token.content for token in tokens if token.type == "html_block"} <= BLOCK_HTML
    assert not re.search(r"[@<>\[\]`|\\]|://", "".join(_outside_code(children)))


def _outside_code(children: list[Token]) -> list[str]:
    inside, found = False, []
    for child in children:
        inside = {"<code>": True, "</code>": False}.get(child.content, inside)
        if child.type == "text" and not inside:
            found.append(child.content)
    return found


@settings(max_examples=50)
@given(texts)
def test_no_line_of_a_text_begins_a_line(text: str) -> None:
    """GitLab obeys a line that begins with a command such as /close, also where its own reading of fences ends."""
    unseen = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]")
    shown = markdown([with_text(text)], 0)

    assert not unseen.search(shown)
    assert not [line for line in shown.split("\n") if line.startswith("/")]


@settings(max_examples=50)
@given(st.lists(texts, min_size=1, max_size=3), st.integers(min_value=3_000, max_value=9_000))
def test_is_never_longer_than_the_limit(given_texts: list[str], limit: int) -> None:
    shown = markdown([with_text(text * 9) for text in given_texts], limit)

    assert size([shown]) <= limit + 1
    assert _shape(_parsed(shown)).count("fence") <= 2 * len(given_texts)


@pytest.mark.parametrize("name", NAMES)
def test_recordings_are_whole(name: str) -> None:
    shown = markdown([reported(name)])

    assert shown.startswith(MARKER)
    assert "Cut to the size" not in shown


def test_says_what_was_cut() -> None:
    shown = markdown([with_lines("dev", 1_000)], 4_000)

    assert size([shown]) <= 4_000
    kept = shown.count("of dev")
    assert kept > 50
    assert shown.endswith(
        f"*Cut to the size of a comment; left out: {1_000 - kept} lines of the full diff."
        " The whole: `scripts/preview dev`*\n"
    )


def test_a_large_stack_leaves_room_for_the_others() -> None:
    shown = markdown([with_lines("prod", 5_000), with_lines("dev", 20)], 8_000)

    assert shown.count("of dev") == 20
    assert "### `dev`: 1 to update" in shown


def test_deleted_data_stores_come_first() -> None:
    shown = markdown([reported("changes")])
    sentence = (
        "- **Deletes the data store `rabbitmq` on `dev1`: nothing serves its data any more, which stays on the disk.**"
    )

    assert shown.split("\n")[4] == sentence


def test_no_change_is_one_line() -> None:
    assert markdown([Report("dev", False)]) == (
        f"{MARKER}\n\n### `dev`: no change, compared with the last known state; no host was asked\n"
    )
