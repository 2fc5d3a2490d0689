"""Secrets that stand on the host already, where a declared file would have them. Changes nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator

from . import files
from .declaration import Declaration, File
from .text import REFERENCE, refers_to_secret

VALUE = "([A-Za-z0-9._~-]+)"


def secrets(declared: Declaration) -> dict[str, str]:
    """By name, what the live files have in the place of `${secret:NAME}`; nothing for a name that they disagree on."""
    found: dict[str, set[str]] = {}
    for file in declared.files.values():
        for name, value in _in_file(file):
            found.setdefault(name, set()).add(value)
    return {name: values.pop() for name, values in found.items() if len(values) == 1}


def _in_file(file: File) -> Iterator[tuple[str, str]]:
    if not refers_to_secret(file.content) or files.look(file.path).kind != "file":
        return
    live = files.read(file.path).decode("utf-8", "backslashreplace").splitlines()
    for line in file.content.splitlines():
        references = REFERENCE.findall(line)
        if len(references) != 1 or references[0][0] != "secret":
            continue
        before, _, name, after = REFERENCE.split(line)
        pattern = re.escape(before) + VALUE + re.escape(after)
        matches = [match for match in (re.fullmatch(pattern, text) for text in live) if match]
        # A line of nothing else could be any line of a key.
        if len(matches) == 1 and (before or after or len(live) == 1):
            yield name, matches[0].group(1)
