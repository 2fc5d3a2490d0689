"""What a change would do to a host, as lines of text for a person."""

import difflib
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from onprem.rules import references
from onprem.unknown import is_unknown

Declared = Mapping[str, Any]


def without_unknown(declared: Declared) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """The part of `declared` that can be compared now, and the files that cannot, with the names they wait for."""
    missing = {
        (kind, name)
        for kind in ("value", "secret")
        for name, text in declared.get(f"{kind}s", {}).items()
        if is_unknown(text)
    }
    waiting = {path: _waits(file["content"], missing) for path, file in declared.get("files", {}).items()}
    waiting = {path: names for path, names in waiting.items() if names}
    known = {key: _known(value) if key in ("values", "secrets") else value for key, value in declared.items()}
    if "files" in known:
        known["files"] = {path: file for path, file in known["files"].items() if path not in waiting}
    return known, waiting


def lines(
    declared: Declared,
    live: Mapping[str, Any],
    waiting: Mapping[str, list[str]],
    unseen: Collection[tuple[str, str]] = (),
) -> list[str]:
    """What would change: `+` new, `~` otherwise, `?` what cannot be compared yet; files line by line.

    `unseen` are sections and names that were not looked at.
    """
    found: list[str] = []
    for section in ("packages", "users", "directories", "files", "units"):
        for key, entry in declared.get(section, {}).items():
            if (section, key) in unseen:
                found += _unseen(NOUNS[section], key, entry)
            elif section == "files" and key in waiting:
                found.append(f"? file {key}: {', '.join(waiting[key])} not known yet; declared:")
                found += _all_lines(entry["content"], " ")
            else:
                found += _entry(section, key, entry, live.get(section, {}).get(key))
    return found


def _unseen(noun: str, key: str, declared: Any) -> list[str]:
    content = declared["content"] if noun == "file" else ""
    said = f"? {noun} {key}: not looked at, the host's manifest does not list it"
    return [f"{said}; declared:", *_all_lines(content, " ")] if content else [said]


def _known(values: Mapping[str, str]) -> dict[str, str]:
    return {name: text for name, text in values.items() if not is_unknown(text)}


def _waits(text: str, missing: set[tuple[str, str]]) -> list[str]:
    return [f"${{{kind}:{name}}}" for kind, name in sorted(missing) if name in references(text, kind)]


def _entry(section: str, key: str, declared: Any, live: Any) -> Iterator[str]:
    noun = NOUNS[section]
    if live is None:
        # The engine's own display cuts long text after a few lines.
        content = declared["content"] if section == "files" else ""
        yield f"+ {noun} {key}{':' if content else ''}"
        yield from _all_lines(content, "+")
    elif isinstance(declared, str):
        if declared not in ("", live):
            yield f"~ {noun} {key}: {live} => {declared}"
    else:
        for name in SHOWN[section]:
            if name in live and live[name] != declared[name] and not _has_all(declared[name], live[name]):
                yield f"~ {noun} {key}: {name}: {_text(live[name])} => {_text(declared[name])}"
        yield from _text_diff(key, live.get("content", ""), declared.get("content", ""))


def _all_lines(text: str, sign: str) -> list[str]:
    return [f"    {sign}{line}" for line in text.splitlines()]


def _text_diff(path: str, live: str, declared: str) -> Iterator[str]:
    if live != declared:
        yield f"~ file {path}:"
        diff = difflib.unified_diff(live.splitlines(), declared.splitlines(), lineterm="", n=2)
        for line in list(diff)[2:]:
            yield f"    {line}"


def _has_all(declared: Any, live: Any) -> bool:
    return isinstance(declared, list) and set(declared) <= set(live)


def _text(value: Any) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


NOUNS = {"packages": "package", "users": "user", "directories": "directory", "files": "file", "units": "unit"}
SHOWN = {
    "users": ("system", "home", "shell", "groups"),
    "directories": ("mode", "owner", "group"),
    "files": ("mode", "owner", "group"),
    "units": ("running", "enabled"),
}
