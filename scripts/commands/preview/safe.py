"""Text of hosts and programs, made safe to show: what it says is seen, and nothing in it acts."""

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from typing import Any

UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
PLAIN = re.compile(r"[^`|\n]+")
FENCE = "```"
SECRET_NAMES = re.compile(r"PASSPHRASE|PASSWORD|SECRET|TOKEN|_KEY$|CREDENTIALS")
SHORTEST_SECRET = 8


def visible(text: str) -> str:
    """Every character that a terminal or a browser would obey or hide, written out; ends of lines and tabs stay."""
    return "".join(character if _is_seen(character) else _written(character) for character in text)


def line(text: str) -> str:
    """`visible` on a single line."""
    return visible(" ".join(text.split("\n"))).replace("\t", " ")


def code(text: str) -> str:
    """A Markdown code span that may stand in a table and in which nothing is a mention, a link or markup.

    What ends a span or a cell is written as HTML entities, in which no Markdown is read.
    """
    shown = line(text).strip()
    if PLAIN.fullmatch(shown):
        return f"`{shown}`"
    return f"<code>{''.join(map(_entity, shown))}</code>" if shown else ""


def fenced(lines: Iterable[str], language: str) -> list[str]:
    """A fenced block; the fence is longer than any row of backticks in it, and each line must begin with its sign."""
    shown = [visible(text) for text in lines]
    rows = [len(row) for text in shown for row in re.findall(r"`+", text)]
    fence = "`" * max(len(FENCE), *(length + 1 for length in rows)) if rows else FENCE
    return [f"{fence}{language}", *shown, fence]


def secrets_of(environment: Mapping[str, str]) -> frozenset[str]:
    """Values of environment variables that are named like secrets: no output may hold them."""
    return frozenset(
        value
        for name, value in environment.items()
        if SECRET_NAMES.search(name.upper()) and len(value) >= SHORTEST_SECRET and not value.startswith("/")
    )


def without(document: Any, secrets: Collection[str]) -> Any:
    """`document`, as JSON has them, with every secret hidden in every text, the longest first."""
    if isinstance(document, Mapping):
        return {key: without(value, secrets) for key, value in document.items()}
    if isinstance(document, list):
        return [without(value, secrets) for value in document]
    if isinstance(document, str):
        for secret in sorted(secrets, key=len, reverse=True):
            document = document.replace(secret, "[secret]")
    return document


def _is_seen(character: str) -> bool:
    return character in "\n\t" or unicodedata.category(character) not in UNSEEN


def _written(character: str) -> str:
    number = ord(character)
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"


def _entity(character: str) -> str:
    return character if character.isalnum() or character == " " else f"&#{ord(character)};"
