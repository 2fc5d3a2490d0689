"""What must have been shown lately before a service may be changed: a report on another host, and its age."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from onprem.connections import Connections
from onprem.declarations import ServiceShape, complete
from onprem.errors import OnPremError
from onprem.report import Silence

BEGUN, PROBLEM = "begun", "problem"
"""The keys of a report that say when it was made, and why it is not good, when it is not."""
READER = "proof"

Proof = Mapping[str, Any]


async def lacking(proof: Proof, connections: Connections, now: datetime) -> str:
    """Why the report on the proof's host is not enough, in words; empty when it is."""
    host, path, allowed = proof["host"], proof["path"], timedelta(seconds=proof["seconds"])
    try:
        text = await _content(connections, host, path)
    except OnPremError as error:
        return f"whether there is a good {proof['what']} could not be asked: {error}"
    if text is None:
        return f"there is no good {proof['what']} on {host}"
    try:
        report = json.loads(text)
        age, problem = now - datetime.fromisoformat(report[BEGUN]), report.get(PROBLEM)
    except (ValueError, KeyError, TypeError):
        return f"{host}: {path} is no report of a {proof['what']}"
    if age < timedelta(0):
        return f"the newest {proof['what']} is of the future; look at the clock of {host}"
    if problem:
        return f"the newest {proof['what']}, {words(age)} ago, was not good: {problem}"
    if age <= allowed:
        return ""
    return f"the newest good {proof['what']} is {words(age)} old, and {words(allowed)} are allowed"


def override(proof: Proof, now: datetime) -> str:
    """Who answers for a change without it, and until when; empty when nobody does."""
    if not proof["reason"] or now.astimezone(UTC).date().isoformat() > proof["until"]:
        return ""
    return f"overridden until {proof['until']}: {proof['reason']}"


async def _content(connections: Connections, host: str, path: str) -> str | None:
    """None when there is no such file."""
    entry = {"content": ""}
    declared, _ = complete(ServiceShape, {"host": host, "service": READER, "files": {path: entry}})
    connection = await connections.get(host)
    answer = await connection.request("look", Silence(), service=READER, declared=declared)
    found = answer["live"].get("files", {}).get(path)
    return None if found is None else str(found["content"])


def words(age: timedelta) -> str:
    """In days where that says enough, else in hours or minutes."""
    minutes = int(age.total_seconds() // 60)
    for size, unit in ((24 * 60, "d"), (60, "h")):
        if minutes >= 2 * size or (minutes >= size and minutes % size == 0):
            return f"{minutes // size} {unit}"
    return f"{minutes} min"
