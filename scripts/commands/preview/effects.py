"""What a change does to running units, by the rules of the provider's agent (`onprem/agent/activation.py`)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from commands.preview.items import Item


@dataclass(frozen=True)
class Effects:
    """Units by what happens to them. `hands_over` when the member first drains, hands over or leaves its cluster.

    `may_restart` has what steps restart if a changed setting needs it: only the host knows whether it does.
    """

    restarts: tuple[str, ...] = ()
    reloads: tuple[str, ...] = ()
    starts: tuple[str, ...] = ()
    stops: tuple[str, ...] = ()
    hands_over: bool = False
    may_restart: tuple[str, ...] = ()


def effects(live: Mapping[str, Any], declared: Mapping[str, Any], changed: Sequence[Item]) -> Effects:
    """`live` and `declared` are those of one service, `changed` what differs between them."""
    paths = {item.name for item in changed if item.kind == "file"}
    gone = {item.name for item in changed if item.kind == "file" and item.operation == "remove"}
    upgraded = any(_upgrades(item) for item in changed)
    before, after = live.get("units") or {}, declared.get("units") or {}
    verbs = {name: _verb(unit, before.get(name), paths, gone, upgraded) for name, unit in sorted(after.items())}
    verbs |= {name: "stop" for name, unit in before.items() if name not in after and unit.get("running")}

    def units(verb: str) -> tuple[str, ...]:
        return tuple(name for name, found in verbs.items() if found == verb)

    restarts = units("restart")
    hands_over = bool(restarts and declared.get("before_restart")) or bool(not declared and live.get("leave"))
    by_steps = tuple(_by_steps(live.get("steps") or {}, declared.get("steps") or {}, paths))
    return Effects(restarts, units("reload"), units("start"), units("stop"), hands_over, by_steps)


def _by_steps(live: Mapping[str, Any], declared: Mapping[str, Any], paths: set[str]) -> Iterator[str]:
    """What is restarted by steps that were there before; a new one is for what has just been started."""
    for name, step in sorted(declared.items()):
        if not step.get("restarts") or name not in live:
            continue
        if live[name].get("want") != step["want"] or paths.intersection(step["restarts_on"]):
            yield str(step["restarts"])


def _verb(
    unit: Mapping[str, Any], before: Mapping[str, Any] | None, paths: set[str], gone: set[str], upgraded: bool
) -> str:
    was_running = bool(before and before.get("running"))
    if not unit.get("running"):
        return "stop" if was_running else ""
    if not was_running:
        return "start"
    if upgraded or paths.intersection(unit.get("restart_on", ())):
        return "restart"
    watched = {path for key in ("reload_on", "restart_on") for path in (before or {}).get(key, ())}
    return "reload" if paths.intersection(unit.get("reload_on", ())) or gone & watched else ""


def _upgrades(item: Item) -> bool:
    """Another version of a package that is there."""
    return item.kind == "package" and item.operation == "change" and not item.detail.endswith("=> any")
