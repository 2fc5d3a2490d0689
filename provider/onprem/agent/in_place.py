"""What stands in live files where declared ones would have a secret. Whether it is that secret is for others to say."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from . import files
from .declaration import Declaration, File
from .errors import AgentError
from .text import REFERENCE, refers_to_secret

LARGEST = 64 * 1024
"""Files with secrets are small; in one that somebody blew up, the search would take long."""
PEM = r"(?:-----BEGIN [A-Z0-9 ]+-----\n(?:[A-Za-z0-9+/=]+\n)+-----END [A-Z0-9 ]+-----\n*)+"
VALUE = rf"({PEM}|[A-Za-z0-9._~-]+)"
"""What a secret may consist of (rules.py of the provider)."""


@dataclass(frozen=True)
class Found:
    """`text` in the place of the secret `name`; `sure` unless something else in the file could be it as well."""

    name: str
    text: str
    sure: bool


def found(declared: Declaration) -> Iterator[Found]:
    """In each regular file of a service, wherever what is around a secret in a line of its template stands."""
    for file in declared.files.values():
        if refers_to_secret(file.content):
            yield from _in_file(declared, file)


def _in_file(declared: Declaration, file: File) -> Iterator[Found]:
    text = _without(_long(declared), _text(file.path))
    for line in filter(refers_to_secret, file.content.split("\n")):
        names, pattern = _pattern(declared, line)
        # Looking ahead: of two keys, one after the other, the second is found too.
        matches = [match.groups() for match in re.finditer(rf"(?=^{pattern}$)", text, re.MULTILINE)]
        # A line of nothing else could be any line of a key; of two lines alike in the template, either could be meant.
        bare = REFERENCE.sub("", line) == "" and text.rstrip("\n").count("\n") > 0
        sure = not bare and len(set(matches)) == 1
        for groups in matches:
            yield from (Found(name, value, sure) for name, value in zip(names, groups))  # noqa: B905 - Python 3.9


def _text(path: str) -> str:
    try:
        at = files.look(path)
        whole = at.kind == "file" and at.size <= LARGEST
        return files.read(path).decode("utf-8", "backslashreplace") if whole else ""
    except (OSError, AgentError):
        return ""


def _long(declared: Declaration) -> list[str]:
    """Values of several lines, such as certificates: next to a key they would look like a part of it."""
    return [value for value in declared.names.values.values() if "\n" in value]


def _without(parts: Iterable[str], text: str) -> str:
    for part in parts:
        text = text.replace(part, "")
    return text


def _pattern(declared: Declaration, line: str) -> tuple[list[str], str]:
    """The secrets of a template's line, and the expression that has a group for each."""
    names: list[str] = []
    pattern = ""
    for literal, kind, name in _parts(line):
        pattern += re.escape(literal)
        if kind == "secret":
            names.append(name)
            pattern += VALUE
        elif kind == "value":
            pattern += re.escape(_without(_long(declared), declared.names.values.get(name, "")))
    return names, pattern


def _parts(line: str) -> Iterator[tuple[str, str, str]]:
    """Each reference with the text before it, then the rest."""
    position = 0
    for reference in REFERENCE.finditer(line):
        yield line[position : reference.start()], reference.group(1), reference.group(2)
        position = reference.end()
    yield line[position:], "", ""
