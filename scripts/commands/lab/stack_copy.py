"""A stack file's copy: the tracked text, with the salt and the encrypted values Pulumi wrote into the copy."""

from typing import Any

import yaml

SALT = "encryptionsalt"


def merge(tracked: str, copy: str) -> str:
    """The tracked text wins wherever both say something; it is not re-formatted, only added to."""
    theirs, ours = _mapping(tracked), _mapping(copy)
    if SALT in theirs or SALT not in ours:
        return tracked
    config = theirs.get("config") or {}
    encrypted = {key: value for key, value in (ours.get("config") or {}).items() if _is_encrypted(value)}
    text = _with_config(tracked, {key: value for key, value in encrypted.items() if key not in config})
    return f"{text.rstrip()}\n{SALT}: {ours[SALT]}\n"


def _mapping(text: str) -> dict[str, Any]:
    document = yaml.safe_load(text)
    return document if isinstance(document, dict) else {}


def _is_encrypted(value: object) -> bool:
    if isinstance(value, list):
        return any(map(_is_encrypted, value))
    return isinstance(value, dict) and ("secure" in value or any(map(_is_encrypted, value.values())))


def _with_config(text: str, values: dict[str, Any]) -> str:
    if not values:
        return text
    node = next((value for key, value in yaml.compose(text).value if key.value == "config"), None)
    if node is None or not node.value:
        document = {**_mapping(text), "config": values}
        return yaml.safe_dump(document, sort_keys=False)
    start = node.value[0][0].start_mark
    dumped = yaml.safe_dump(values, sort_keys=False, default_flow_style=bool(node.flow_style), width=1_000_000).strip()
    if node.flow_style:
        return f"{text[: start.index]}{dumped[1:-1]}, {text[start.index :]}"
    return text[: start.index] + f"\n{dumped}\n".replace("\n", "\n" + " " * start.column).lstrip() + text[start.index :]
