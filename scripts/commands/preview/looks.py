"""What the provider saw when it looked at the live host of a service that is not in the state yet."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from commands.preview.items import NOUNS, Item, Operation

WOULD_CHANGE = ": would change on the host:"
AS_DECLARED = ": the host is already as declared"
OPERATIONS: Mapping[str, Operation] = {"+": "add", "~": "change", "?": "change"}
INDENTATION = "    "
KINDS = tuple(NOUNS.values())
ITEM = re.compile(rf"([+~?]) ({'|'.join(KINDS)}) (.*)")


def looked(messages: Sequence[str]) -> tuple[Item, ...] | None:
    """The items of the note of a look (`onprem/previews.py`) among `messages`; None when nobody looked."""
    for message in messages:
        head, _, rest = message.rstrip("\n").partition("\n")
        if head.endswith(AS_DECLARED):
            return ()
        if head.endswith(WOULD_CHANGE):
            return tuple(_merged(_items(rest.split("\n"))))
    return None


def as_live(declared: Mapping[str, Any], found: Sequence[Item]) -> dict[str, Any]:
    """The units as the look found them: those it does not mention are as declared."""
    differing = {item.name: item for item in found if item.kind == "unit"}
    units = {
        name: {**unit, "running": _was_running(unit, differing.get(name))}
        for name, unit in (declared.get("units") or {}).items()
    }
    return {"units": units}


def _was_running(unit: Mapping[str, Any], item: Item | None) -> bool:
    if item is not None and item.operation == "add":
        return False
    if item is not None and "running: " in item.detail:
        return "running: yes =>" in item.detail
    return bool(unit.get("running"))


def _items(lines: Sequence[str]) -> Iterator[Item]:
    head: re.Match[str] | None = None
    below: list[str] = []
    for line in [*lines, ""]:
        if head and line.startswith(INDENTATION):
            below.append(line.removeprefix(INDENTATION))
            continue
        if head:
            yield _item(head, below)
        head, below = ITEM.fullmatch(line), []


def _item(head: re.Match[str], lines: list[str]) -> Item:
    sign, kind, rest = head.groups()
    name, _, detail = rest.removesuffix(":").partition(": ")
    return Item(OPERATIONS[sign], kind, name, detail.removesuffix("; declared"), tuple(lines))


def _merged(items: Iterator[Item]) -> Iterator[Item]:
    """One item for each thing, in a fixed order; a file's mode and its text are told apart by the provider."""
    found: dict[tuple[str, str], Item] = {}
    for item in items:
        key = (item.kind, item.name)
        if before := found.get(key):
            detail = ", ".join(filter(None, (before.detail, item.detail)))
            item = Item(before.operation, item.kind, item.name, detail, before.lines + item.lines)
        found[key] = item
    yield from sorted(found.values(), key=lambda item: (KINDS.index(item.kind), item.name))
