"""The preview for programs: a stable shape, `version` 1. Names may be added to it; none goes or changes its meaning.

{version, result, stacks: [{stack, result, live, bare, errors, warnings,
  services: [{operation, host, service, holds_data, live,
    units: {restarts, reloads, starts, stops, hands_over, may_restart},
    items: [{operation, kind, name, detail, added, removed, lines}]}],
  resources: [{operation, type, names, properties}]}]}

`result` is same, changes or failed; `service` is empty for a host itself; `live` says that the live host was compared,
`bare` that the state was one without secrets. `lines` are those of a diff: each begins with +, -, a space or @.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from commands.preview.changes import ServiceChange
from commands.preview.report import Report, overall

VERSION = 1


def json_form(reports: Sequence[Report]) -> str:
    """All stacks in one document; characters outside ASCII are escaped."""
    result = overall(reports).name.lower()
    whole = {"version": VERSION, "result": result, "stacks": [stack_form(one) for one in reports]}
    return json.dumps(whole, indent=2) + "\n"


def stack_form(one: Report) -> dict[str, Any]:
    """One of `stacks`."""
    return {
        "stack": one.stack,
        "result": one.result.name.lower(),
        "live": one.live,
        "bare": one.bare,
        "errors": list(one.errors),
        "warnings": list(one.changes.warnings),
        "services": [_service(change) for change in one.changes.services],
        "resources": [asdict(group) for group in one.changes.resources],
    }


def _service(change: ServiceChange) -> dict[str, Any]:
    return {
        "operation": change.operation,
        "host": change.host,
        "service": change.service,
        "holds_data": change.holds_data,
        "live": change.live,
        "units": asdict(change.effects),
        "items": [{**asdict(item), "added": item.added, "removed": item.removed} for item in change.items],
    }
