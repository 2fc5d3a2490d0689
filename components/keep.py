"""What a stack file keeps as it is on a host: whole services, or single things of theirs, that are not declared yet."""

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from components.problems import Problem, SettingsError
from components.resources import ServiceState

SECTIONS: Mapping[str, str] = {
    "package": "packages",
    "user": "users",
    "directory": "directories",
    "file": "files",
    "unit": "units",
    "step": "steps",
}
WHOLE = "all"
ITEM = re.compile(rf"{WHOLE}|({'|'.join(SECTIONS)}) \S.*")


def an_item(text: str) -> str:
    """One thing of a service, or the word for all of it."""
    if not ITEM.fullmatch(text):
        raise ValueError(
            f"{text} names nothing that can be kept; write {WHOLE}, or a kind and a name as in file /etc/motd, of"
            f" {', '.join(SECTIONS)}"
        )
    return text


def without(state: ServiceState, kept: Collection[str], path: str) -> ServiceState:
    """`state` without the things in `kept`, and without what refers to them.

    Raises a `SettingsError` that names `path` when the service declares no such thing.
    """
    named = [item.partition(" ")[::2] for item in kept]
    names = {section: {name for of, name in named if of == kind} for kind, section in SECTIONS.items()}
    _refuse_strangers(state, names, path)
    left: dict[str, Any] = {name: _left(getattr(state, name), names[name]) for name in SECTIONS.values()}
    left["units"] = {
        name: replace(
            unit,
            reload_on=tuple(path for path in unit.reload_on if path in left["files"]),
            restart_on=tuple(path for path in unit.restart_on if path in left["files"]),
        )
        for name, unit in left["units"].items()
    }
    left["steps"] = {
        name: replace(step, after=tuple(other for other in step.after if other in left["steps"]))
        for name, step in left["steps"].items()
    }
    return replace(state, validate=_left(state.validate, names["files"]), **left)


def _left(declared: Mapping[str, Any], kept: Collection[str]) -> dict[str, Any]:
    return {name: entry for name, entry in declared.items() if name not in kept}


def _refuse_strangers(state: ServiceState, names: Mapping[str, Collection[str]], path: str) -> None:
    strangers = [
        Problem(path, f"the service declares no {kind} {name}", "remove it here: there is nothing to keep")
        for kind, section in SECTIONS.items()
        for name in sorted(set(names[section]) - getattr(state, section).keys())
    ]
    if strangers:
        raise SettingsError(strangers)
