"""The preview that the engine will show once the import is done, told by what was looked at, in the engine's form."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from commands.adopt.declared import Declared
from commands.adopt.imports import with_marked_secrets
from commands.adopt.look import ServiceLook, Stock
from commands.drift.state import HOST, SERVICE
from commands.preview.digest import Digest
from onprem.differences import differences


def digest(resources: Iterable[Declared], looks: Mapping[str, ServiceLook], taken: Iterable[Declared]) -> Digest:
    """What differs of `taken`, which an import takes over, and what of the other `resources` would be created."""
    imported = {one.urn for one in taken}
    steps: list[dict[str, Any]] = []
    diagnostics: list[dict[str, str]] = []
    for one in resources:
        look = looks.get(one.name) if one.kind == SERVICE else None
        if look is None and (one.kind in (SERVICE, HOST) or one.urn in imported or not one.custom):
            continue
        if look:
            said = [*(("info", note) for note in look.notes), *(("warning", text) for text in look.warnings)]
            diagnostics += [{"severity": severity, "urn": one.urn, "message": text} for severity, text in said]
        if one.urn not in imported:
            declared = look.inputs if look else one.plain
            steps.append({"op": "create", "urn": one.urn, "newState": _state(declared)})
        elif look and (paths := differences(look.live, look.inputs)):
            states = {"oldState": _state(look.inputs, look.live), "newState": _state(look.inputs)}
            diff = {path: {"kind": kind.value} for path, kind in paths.items()}
            steps.append({"op": "update", "urn": one.urn, **states, "detailedDiff": diff})
    return Digest.model_validate({"steps": steps, "diagnostics": diagnostics})


def _state(inputs: Mapping[str, Any], outputs: Mapping[str, Any] | None = None) -> dict[str, Any]:
    return {"custom": True, "inputs": _without_secrets(inputs), "outputs": _without_secrets(outputs or {})}


def _without_secrets(properties: Mapping[str, Any]) -> dict[str, Any]:
    """As the engine prints them."""
    masked = {"secrets": dict.fromkeys(properties["secrets"], "[secret]")} if properties.get("secrets") else {}
    return {**properties, **masked}


def taken_over(
    resources: Iterable[Declared], looks: Mapping[str, ServiceLook], stocks: Mapping[str, Stock]
) -> Iterator[Declared]:
    """What an import can take: what hosts have something of, what is made beside them, and its components."""
    for one in resources:
        if one.kind == SERVICE:
            look = looks.get(one.name)
            if look and look.is_there:
                inputs, live = with_marked_secrets(look.inputs), with_marked_secrets(look.live)
                yield replace(one, inputs=inputs, outputs=live)
        elif one.kind == HOST:
            if one.name in stocks:
                yield replace(one, outputs={**one.inputs, "facts": stocks[one.name].facts})
        elif not one.kind.startswith("command:"):
            yield one
