"""The outputs of a service: its inputs, with what was found on the host in the place of what was declared."""

from collections.abc import Mapping
from typing import Any

MEASURED: Mapping[str, tuple[str, ...]] = {
    "users": ("system", "home", "shell", "groups"),
    "directories": ("mode", "owner", "group"),
    "files": ("content", "mode", "owner", "group"),
    "units": ("running", "enabled"),
    "steps": ("want",),
}
"""What a host tells of each entry; the rest (`early`, `reload_on`, commands) has no live form and is as declared."""


def outputs(
    declared: Mapping[str, Any], live: Mapping[str, Any], known: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """`declared` as `live` has it, so that comparing the two shows what the host has otherwise, and nothing else.

    A step that could not be read is as last `known`.
    """
    last = (known or {}).get("steps", {})
    live = {**live, "steps": {**live.get("steps", {}), **{name: last.get(name, {}) for name in unread(live)}}}
    found = {name: _section(name, value, live.get(name, {})) for name, value in declared.items()}
    if unfinished := live.get("unfinished"):
        found["unfinished"] = unfinished
    return found


def unread(live: Mapping[str, Any]) -> dict[str, str]:
    """How reading them failed, by step."""
    return {name: step["unread"] for name, step in live.get("steps", {}).items() if "unread" in step}


def _section(name: str, declared: Any, live: Mapping[str, Any]) -> Any:
    if name == "packages":
        return {package: live[package] if version else "" for package, version in declared.items() if package in live}
    if name not in MEASURED:
        return declared
    return {key: _entry(MEASURED[name], entry, live[key]) for key, entry in declared.items() if key in live}


def _entry(measured: tuple[str, ...], declared: Mapping[str, Any], live: Mapping[str, Any]) -> dict[str, Any]:
    entry = {**declared, **{key: live[key] for key in measured if key in live}}
    if set(declared.get("groups", ())) <= set(entry.get("groups", ())):
        entry = {key: declared[key] if key == "groups" else value for key, value in entry.items()}
    if "want" in entry and entry["want"].rstrip("\n") == declared["want"].rstrip("\n"):
        entry["want"] = declared["want"]
    elif "want" in entry and declared["want"].endswith("\n"):
        entry["want"] += "\n"  # a line diff would show the last line as changed, too
    return entry
