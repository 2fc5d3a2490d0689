"""A stack file's copy: the tracked text, with the salt and the encrypted values Pulumi wrote into the copy."""

from pathlib import Path
from typing import Any

import yaml

from commands.lab.errors import LabError

SALT = "encryptionsalt"


def merge(tracked: Path, copy: Path) -> str:
    """The new text of the copy. What is tracked wins wherever both say something, and keeps its form."""
    text = tracked.read_text()
    theirs, ours = _mapping(tracked), _mapping(copy) if copy.exists() else {}
    if SALT in theirs or SALT not in ours:
        return text
    config = theirs.get("config") or {}
    encrypted = {key: value for key, value in (ours.get("config") or {}).items() if _is_encrypted(value)}
    text = _with_config(text, theirs, {key: value for key, value in encrypted.items() if key not in config})
    return f"{text.rstrip()}\n{SALT}: {ours[SALT]}\n"


def _mapping(path: Path) -> dict[str, Any]:
    try:
        document = yaml.safe_load(path.read_text())
    except yaml.YAMLError as error:
        raise LabError(f"{path}: not YAML: {' '.join(str(error).split())}") from None
    return document if isinstance(document, dict) else {}


def _is_encrypted(value: object) -> bool:
    if isinstance(value, list):
        return any(map(_is_encrypted, value))
    return isinstance(value, dict) and ("secure" in value or any(map(_is_encrypted, value.values())))


def _with_config(text: str, document: dict[str, Any], values: dict[str, Any]) -> str:
    if not values:
        return text
    root = yaml.compose(text)
    entries = root.value if root else []
    node = next((value for key, value in entries if key.value == "config"), None)
    if node is None or not node.value:
        return yaml.safe_dump({**document, "config": values}, sort_keys=False)
    start = node.value[0][0].start_mark
    dumped = yaml.safe_dump(values, sort_keys=False, default_flow_style=bool(node.flow_style), width=1_000_000).strip()
    if node.flow_style:
        return f"{text[: start.index]}{dumped[1:-1]}, {text[start.index :]}"
    return text[: start.index] + f"\n{dumped}\n".replace("\n", "\n" + " " * start.column).lstrip() + text[start.index :]
