"""What differs of one service: each thing that the host has otherwise than declared, with its lines."""

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

from commands.drift.findings import Item
from onprem.declarations import ServiceShape, complete
from onprem.differences import step

NOUNS: Mapping[str, str] = {
    "packages": "package",
    "users": "user",
    "directories": "directory",
    "files": "file",
    "units": "unit",
    "steps": "step",
}
TEXTS = ("content", "want")
CONTEXT_LINES = 2

Properties = Mapping[str, Any]


def items(declared: Properties, live: Properties) -> Iterator[Item]:
    """`live` is what the provider's read returned for the inputs `declared`."""
    for section, noun in NOUNS.items():
        found = live.get(section, {})
        for name, entry in sorted(declared.get(section, {}).items()):
            if name not in found:
                yield Item(noun, name, "not installed" if section == "packages" else "is not there")
            elif found[name] != entry:
                yield _changed(noun, name, entry, found[name])
    if unfinished := live.get("unfinished"):
        yield Item("unfinished change", "", unfinished)


def manifest_items(declared: Properties, manifest: Properties | None, damaged: str = "") -> Iterator[Item]:
    """`manifest` is the declaration that the host remembers; without one there is nothing to compare."""
    if damaged:
        yield Item("manifest", "", damaged)
    if manifest is None:
        return
    ours, theirs = (_leaves(_comparable(each, declared)) for each in (declared, manifest))
    paths = [path for path in sorted(ours.keys() | theirs.keys()) if ours.get(path) != theirs.get(path)]
    lines = [
        line for path in paths for line in (f"@@ {path} @@", *text_diff(ours.get(path, ""), theirs.get(path, ""))[1:])
    ]
    if paths:
        what = "what the host was last told differs from the state; any change of the service tells it anew"
        yield Item("manifest", "", what, (*HEADER, *lines))


HEADER = ("--- declared", "+++ found")


def text_diff(declared: str, found: str) -> tuple[str, ...]:
    """The lines that differ with a little around them, hunks only; a missing end of line is said."""
    return tuple(difflib.unified_diff(_lines(declared), _lines(found), lineterm="", n=CONTEXT_LINES))[2:]


def _changed(noun: str, name: str, declared: Any, found: Any) -> Item:
    if not isinstance(declared, Mapping):
        return Item(noun, name, f"{_word(declared)} declared, {_word(found)} found")
    differing = [key for key in sorted(declared.keys() | found.keys()) if declared.get(key) != found.get(key)]
    words = [
        f"{key}: {_word(declared.get(key))} declared, {_word(found.get(key))} found"
        for key in differing
        if key not in TEXTS
    ]
    lines = [line for key in differing if key in TEXTS for line in text_diff(declared[key], found.get(key, ""))]
    return Item(noun, name, "; ".join(words), (*HEADER, *lines) if lines else ())


def _comparable(inputs: Properties, identity: Properties) -> dict[str, Any]:
    """Defaults filled in, the same identity, and of secrets the names only: the manifest has no more."""
    named = {**inputs, "host": identity["host"], "service": identity["service"]}
    if inputs.get("secrets"):
        named["secrets"] = dict.fromkeys(inputs["secrets"], "(secret)")
    return complete(ServiceShape, named)[0]


def _leaves(properties: Properties) -> dict[str, str]:
    return dict(_walk("", properties))


def _walk(path: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _walk(path + step(path, key), item)
    elif isinstance(value, list):
        if value:
            yield path, "\n".join(map(str, value))
    elif value not in (None, ""):
        yield path, value if isinstance(value, str) else _word(value)


def _lines(text: str) -> list[str]:
    *lines, last = text.split("\n")
    if not last:
        return lines
    return [*lines, f"{last} (no end of line)" if lines else last]


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return str(value) if value not in (None, "") else "none"
