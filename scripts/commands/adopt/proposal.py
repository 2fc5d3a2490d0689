"""The stack file with other values under some keys: all else in it, comments too, stays byte for byte."""

import json
from collections.abc import Mapping
from typing import Any

import yaml

from commands.adopt import AdoptError

WIDE = 1_000_000


def written(path: str, text: str, settings: Mapping[str, Any]) -> str:
    """`text` with `settings` under `config`; raises when that would lose a comment."""
    root = yaml.compose(text)
    config = _value(root, "config")
    if config is None or not config.value or config.flow_style:
        raise AdoptError(f"{path}: config is not a block of keys, one a line; write the settings into it by hand")
    known = {key.value: (key, value) for key, value in config.value}
    for name in sorted(known.keys() & settings.keys(), key=lambda name: -known[name][0].start_mark.index):
        text = _replaced(path, text, *known[name], settings[name])
    end = max(_end(text, value) for _, value in _value(yaml.compose(text), "config").value)
    indentation = " " * config.value[0][0].start_mark.column
    fresh = {key: value for key, value in settings.items() if key not in known}
    lines = "".join(f"{indentation}{line}\n" for line in block(fresh).splitlines())
    head = text[:end]
    return f"{head}{'' if head.endswith(chr(10)) else chr(10)}{lines}{text[end:]}"


def flow(value: Any) -> str:
    """One line of YAML."""
    return yaml.safe_dump(_plain(value), default_flow_style=True, sort_keys=False, width=WIDE).strip()


def block(settings: Mapping[str, Any]) -> str:
    """A line for each thing, so that they can be taken out one by one."""
    return yaml.safe_dump(_plain(settings), default_flow_style=False, sort_keys=False, width=WIDE) if settings else ""


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value))


def _value(node: Any, name: str) -> Any:
    pairs = node.value if isinstance(node, yaml.MappingNode) else ()
    return next((value for key, value in pairs if key.value == name), None)


def _replaced(path: str, text: str, key: Any, node: Any, value: Any) -> str:
    start = text.index(":", key.end_mark.index) + 1
    old = text[start : node.end_mark.index]
    if _has_comments(old.rstrip()):
        raise AdoptError(
            f"{path}: {key.value}: has comments, which would go; write by hand: {key.value}: {flow(value)}"
        )
    space = old[len(old.rstrip()) :]
    return f"{text[:start]} {flow(value)}{space}{text[node.end_mark.index :]}"


def _has_comments(body: str) -> bool:
    return any(line.lstrip().startswith("#") or " #" in line for line in body.splitlines())


def _end(text: str, node: Any) -> int:
    """Behind the line in which a value ends."""
    last = text[: node.end_mark.index].rstrip()
    newline = text.find("\n", len(last))
    return len(text) if newline < 0 else newline + 1
