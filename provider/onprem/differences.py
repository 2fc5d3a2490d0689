"""What differs between live and declared, one property path per changed leaf, as the engine writes paths."""

import re
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any

IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
MISSING = object()


class Kind(Enum):
    """What happens to a leaf of the live state so that it becomes as declared."""

    ADD = "add"
    DELETE = "delete"
    UPDATE = "update"


def differences(live: Mapping[str, Any], declared: Mapping[str, Any]) -> dict[str, Kind]:
    """Changed leaves by path, for example `files["/etc/x"].content`."""
    return dict(_walk("", live, declared))


def _walk(path: str, live: Any, declared: Any) -> Iterator[tuple[str, Kind]]:
    if isinstance(live, Mapping) and isinstance(declared, Mapping):
        for key in sorted(live.keys() | declared.keys()):
            yield from _walk(path + step(path, key), live.get(key, MISSING), declared.get(key, MISSING))
    elif isinstance(live, list) and isinstance(declared, list):
        for index in range(max(len(live), len(declared))):
            yield from _walk(f"{path}[{index}]", _at(live, index), _at(declared, index))
    elif live is MISSING:
        yield path, Kind.ADD
    elif declared is MISSING:
        yield path, Kind.DELETE
    elif live != declared:
        yield path, Kind.UPDATE


def step(path: str, key: str) -> str:
    """What is written after `path` to name its entry `key`."""
    if IDENTIFIER.fullmatch(key):
        return f".{key}" if path else key
    escaped = key.replace('"', '\\"')
    return f'["{escaped}"]'


def _at(items: list[Any], index: int) -> Any:
    return items[index] if index < len(items) else MISSING
