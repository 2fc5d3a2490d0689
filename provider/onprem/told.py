"""What a host's reader tells is how its manifest has a service. Whatever else is declared is not known, and said so."""

from collections.abc import Mapping
from typing import Any

from onprem.declarations import ServiceShape, complete
from onprem.differences import differences

SECTIONS = ("packages", "users", "directories", "files", "units", "steps")
NAMED = 5

Properties = Mapping[str, Any]


def unlisted(declared: Properties, manifest: Properties) -> list[tuple[str, str]]:
    """Section and name of what is declared and not in the manifest: the reader did not look at it."""
    return [
        (section, name)
        for section in SECTIONS
        for name in declared.get(section, {})
        if name not in manifest.get(section, {})
    ]


def completed(declared: Properties, answer: Properties, state: Properties) -> dict[str, Any]:
    """The answer's live state; what was not looked at is as in `state`, the last known one."""
    live = {**answer["live"]}
    for section, name in unlisted(declared, answer["declared"]):
        if name in state.get(section, {}):
            live[section] = {**live.get(section, {}), name: state[section][name]}
    return live


def warning(declared: Properties, manifest: Properties) -> str:
    """A sentence when the host was last told otherwise than declared, else nothing."""
    paths = list(differences(_comparable(manifest, declared), _comparable(declared, declared)))
    more = f" and {len(paths) - NAMED} more" if len(paths) > NAMED else ""
    if not paths:
        return ""
    return (
        f"{declared['host']}/{declared['service']}: the host was last told otherwise than the state has it"
        f" ({', '.join(paths[:NAMED])}{more}); its reader goes by what the host was told, and of what it was not told"
        " the last known state stands"
    )


def _comparable(inputs: Properties, identity: Properties) -> dict[str, Any]:
    """Defaults filled in, the same identity, and of secrets the names."""
    named = {**inputs, "host": identity["host"], "service": identity["service"]}
    return {**complete(ServiceShape, named)[0], "secrets": dict.fromkeys(inputs.get("secrets") or {}, "")}
