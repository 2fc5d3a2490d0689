"""What differs of one service: packages, users, directories, files, units, steps, each with its lines."""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from commands.preview.digest import Step
from onprem.rules import references

Operation = Literal["add", "change", "remove"]
NOUNS: Mapping[str, str] = {
    "packages": "package",
    "users": "user",
    "directories": "directory",
    "files": "file",
    "units": "unit",
    "steps": "step",
    "validate": "validation",
}
LIVE = tuple(section for section in NOUNS if section != "validate")
STAYS: Mapping[str, str] = {
    "package": "stays on the host",
    "user": "stays on the host",
    "directory": "stays with what it holds",
    "step": "what it did stays",
}
"""What is not undone when it is declared no longer."""
SETTINGS = ("before_restart", "leave", "healthy", "confirm")
CONTEXT_LINES = 2
SIGN: Mapping[Operation, str] = {"add": "+", "change": "~", "remove": "-"}


@dataclass(frozen=True)
class Item:
    """One thing that changes. `detail` says how, in a few words; `lines` each begin with `+`, `-`, a space or `@`."""

    operation: Operation
    kind: str
    name: str
    detail: str = ""
    lines: tuple[str, ...] = ()

    @property
    def added(self) -> int:
        """Lines that come."""
        return sum(line.startswith("+") for line in self.lines)

    @property
    def removed(self) -> int:
        """Lines that go."""
        return sum(line.startswith("-") for line in self.lines)


def items(step: Step) -> tuple[Item, ...]:
    """Everything that `step` changes about a service; the values of computed data and secrets stay out."""
    live, declared = step.live, step.declared
    if step.op == "delete":
        return tuple(item for section in LIVE for item in _section(section, live, {}))
    found = [item for section in NOUNS for item in _section(section, live, declared)]
    found += _settings(live, declared)
    computed = [*_values(live, declared), *_secrets(step, declared)]
    found += computed
    known = {item.name for item in found if item.kind == "file"}
    found += (item for item in through(computed, declared) if item.name not in known)
    if live.get("unfinished"):
        found.append(Item("remove", "interruption", "an unfinished change", "is undone first"))
    return tuple(found)


def through(computed: list[Item], declared: Mapping[str, Any]) -> Iterator[Item]:
    """Files whose text is as before, but that get another value or secret filled in."""
    names = {(item.kind, item.name) for item in computed if item.operation != "remove"}
    for path, file in sorted(declared.get("files", {}).items()):
        used = [
            f"{kind} {name}"
            for kind in ("value", "secret")
            for name in sorted(references(file.get("content", ""), kind))
            if (kind, name) in names
        ]
        if used:
            yield Item("change", "file", path, f"by {', '.join(used)}")


def _section(section: str, live: Mapping[str, Any], declared: Mapping[str, Any]) -> Iterator[Item]:
    before, after = live.get(section) or {}, declared.get(section) or {}
    for key in sorted(before.keys() | after.keys()):
        kind = NOUNS[section]
        if key not in before:
            yield Item("add", kind, key, _version(after[key]), _text_of(after[key], "+"))
        elif key not in after:
            yield Item("remove", kind, key, STAYS.get(kind, ""), _text_of(before[key], "-"))
        elif before[key] != after[key]:
            yield _changed(kind, key, before[key], after[key])


def _changed(kind: str, name: str, before: Any, after: Any) -> Item:
    if not isinstance(before, Mapping) or not isinstance(after, Mapping):
        if kind == "validation":
            return Item("change", kind, name, "", text_diff(str(before), str(after)))
        return Item("change", kind, name, f"{before or 'any'} => {after or 'any'}")
    details: list[str] = []
    lines: list[str] = []
    for leaf in sorted(before.keys() | after.keys()):
        old, new = before.get(leaf), after.get(leaf)
        if old == new:
            continue
        if leaf == "content":
            lines += text_diff(old or "", new or "")
        elif leaf in ("read", "want", "act", "stdin"):
            details.append(leaf)
            lines += [f"@@ {leaf} @@", *text_diff(old or "", new or "")]
        else:
            details.append(f"{leaf} {_word(old)} => {_word(new)}")
    return Item("change", kind, name, ", ".join(details), tuple(lines))


def _settings(live: Mapping[str, Any], declared: Mapping[str, Any]) -> Iterator[Item]:
    for name in SETTINGS:
        before, after = live.get(name), declared.get(name)
        if before == after or (not before and not after):
            continue
        yield Item(operation(bool(before), bool(after)), "setting", name, "", text_diff(_flat(before), _flat(after)))


def _values(live: Mapping[str, Any], declared: Mapping[str, Any]) -> list[Item]:
    before, after = live.get("values") or {}, declared.get("values") or {}
    return [
        Item(operation(name in before, name in after), "value", name)
        for name in sorted(before.keys() | after.keys())
        if name not in before or name not in after or before[name] != after[name]
    ]


def _secrets(step: Step, declared: Mapping[str, Any]) -> list[Item]:
    """Their values are masked, so what changed is known from the provider's diff."""
    before, after = step.live.get("secrets") or {}, declared.get("secrets") or {}
    if not isinstance(before, Mapping) or not isinstance(after, Mapping):
        return [Item("change", "secret", "(all)")]
    paths = step.detailed_diff or {}
    changed = {name for name in after if {f"secrets.{name}", f'secrets["{name}"]'} & paths.keys()}
    return [
        Item(operation(name in before, name in after), "secret", name)
        for name in sorted((before.keys() ^ after.keys()) | changed)
    ]


def operation(was: bool, is_declared: bool) -> Operation:
    """What happens to a thing that was there or not, and is declared or not."""
    if not was:
        return "add"
    return "change" if is_declared else "remove"


def text_diff(before: str, after: str) -> tuple[str, ...]:
    """The lines that differ, with a little around them; a missing end of line is said."""
    found = difflib.unified_diff(_lines(before), _lines(after), lineterm="", n=CONTEXT_LINES)
    return tuple(found)[2:]


def _lines(text: str) -> list[str]:
    lines = text.split("\n")
    if lines[-1] == "":
        return lines[:-1]
    return [*lines[:-1], f"{lines[-1]} (no end of line)"]


def _text_of(entry: Any, sign: str) -> tuple[str, ...]:
    content = entry.get("content", "") if isinstance(entry, Mapping) else ""
    return tuple(f"{sign}{line}" for line in _lines(content)) if content else ()


def _version(entry: Any) -> str:
    return entry if isinstance(entry, str) else ""


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return f"[{', '.join(map(str, value))}]"
    return str(value) if value not in (None, "") else "none"


def _flat(value: Any) -> str:
    if isinstance(value, Mapping):
        return "".join(f"{key}: {_word(entry)}\n" for key, entry in sorted(value.items()))
    return f"{_word(value)}\n" if value else ""
