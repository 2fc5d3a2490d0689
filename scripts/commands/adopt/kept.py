"""What must be kept as it is, so that nothing differs: by host and service, as `im:keep` has it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from commands.adopt.look import ServiceLook
from commands.preview.changes import ServiceChange
from components.keep import SECTIONS, WHOLE

Keep = dict[str, dict[str, list[str]]]


def keep(
    changes: Iterable[ServiceChange], looks: Mapping[str, ServiceLook], before: Mapping[str, Any], known: Sequence[str]
) -> Keep:
    """`before` and what differs: single things, or the whole of a service of which nothing is as declared.

    `known` are the services that a stack file can name.
    """
    found: Keep = {host: {name: list(items) for name, items in kept.items()} for host, kept in before.items()}
    for change in changes:
        if change.service:
            owner = next(name for name in sorted(known, key=len, reverse=True) if change.service.startswith(name))
            kept = found.setdefault(change.host, {}).setdefault(owner, [])
            kept += [item for item in _items(change, looks, owner) if item not in kept]
    return {host: {name: _shortest(items) for name, items in kept.items()} for host, kept in found.items()}


def _shortest(items: list[str]) -> list[str]:
    return [WHOLE] if WHOLE in items else items


def _items(change: ServiceChange, looks: Mapping[str, ServiceLook], owner: str) -> list[str]:
    items = [f"{item.kind} {item.name}" for item in change.items if item.kind in SECTIONS]
    if change.operation == "create" or change.service != owner or not items:
        return [WHOLE]
    return items if _matches(looks[change.name]) else [WHOLE]


def _matches(look: ServiceLook) -> bool:
    """Whether a file or a running unit of it is as declared."""
    return any(
        look.live.get(section, {}).get(name) == entry
        for section in ("files", "units")
        for name, entry in look.inputs.get(section, {}).items()
    )
