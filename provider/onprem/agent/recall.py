"""Secrets that stand on the host already, where a declared file would have them. Changes nothing."""

from __future__ import annotations

from . import in_place
from .declaration import Declaration


def secrets(declared: Declaration) -> dict[str, str]:
    """By name, what the live files have in the place of `${secret:NAME}`; nothing for a name that they disagree on."""
    found: dict[str, set[str]] = {}
    for each in in_place.found(declared):
        if each.sure:
            found.setdefault(each.name, set()).add(each.text)
    return {name: texts.pop() for name, texts in found.items() if len(texts) == 1}
