"""The rounds as a table for people and as JSON for programs."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.table import Table

from commands.drill.limits import Verdict, verdicts
from commands.drill.rounds import Round

COLUMNS = {
    "writes away s": "writes_away",
    "writes after s": "writes_away_after",
    "address away s": "address_away",
    "address after s": "address_away_after",
    "sessions lost": "sessions_lost",
    "95 % back s": "clients_back",
    "whole s": "whole_again",
    "at rest s": "at_rest",
    "requests": "requests",
    "failed": "failed_requests",
    "sent": "sent",
    "acknowledged": "acknowledged",
    "delivered": "delivered",
    "lost": "lost",
    "unseen": "unseen",
    "not in sender's archive": "not_in_senders_archive",
    "not in recipient's": "not_in_recipients_archive",
    "duplicated": "duplicated",
    "multiplied": "multiplied",
    "reordered": "reordered",
    "in archives": "archives_reordered",
}


def table(stack: str, rounds: Sequence[Round]) -> Table:
    """One line for each round, the bad ones included."""
    held = sum(not passed(one) for one in rounds)
    rows = Table("fault", "hosts", *COLUMNS, "limits", title=f"{stack}: {held} of {len(rounds)} rounds within limits")
    for one in rounds:
        found = {**asdict(one.figures), **asdict(one.messages)}
        cells = [_text(found[name]) for name in COLUMNS.values()]
        rows.add_row(one.fault, " ".join(one.hosts), *cells, "; ".join(passed(one)) or "held")
    return rows


def passed(one: Round) -> list[str]:
    """The limits that this round did not keep to, in words."""
    return [str(verdict) for verdict in verdicts(one) if not verdict.is_held]


def document(stack: str, rounds: Sequence[Round]) -> str:
    """JSON; `null` is a figure that was never reached."""
    told = [{**asdict(one), "limits": [_verdict(verdict) for verdict in verdicts(one)]} for one in rounds]
    return json.dumps({"stack": stack, "rounds": _without_infinity(told)}, indent=2)


def _verdict(verdict: Verdict) -> dict[str, Any]:
    limit = verdict.limit
    return {"what": limit.what, "at_most": limit.at_most, "found": verdict.found, "held": verdict.is_held}


def _text(value: float) -> str:
    return "never" if math.isinf(value) else f"{value:.1f}" if isinstance(value, float) else str(value)


def _without_infinity(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_infinity(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_without_infinity(each) for each in value]
    return None if isinstance(value, float) and math.isinf(value) else value
