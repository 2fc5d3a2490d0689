"""The report of a restore test: as lines for people, and as a file."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any


def keep(folder: Path, report: Mapping[str, Any]) -> Path:
    """Writes it, named by the time at which the test began."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{report['begun'].replace(':', '-')}.json"
    file.write_text(json.dumps(report, indent=1) + "\n")
    return file


def lines(report: Mapping[str, Any]) -> Iterator[str]:
    """What was restored, and how long it took."""
    if "copy" in report:
        yield f"copy offsite of {report['copy']['time']}"
    if "backup" in report:
        yield f"backup {report['backup']}"
    if "tables" in report:
        tables = report["tables"].values()
        yield f"{len(tables)} tables with {sum(each['restored']['rows'] for each in tables)} rows, as recorded"
    if "rpo_seconds" in report:
        yield f"recovered to {report['recovered_to']}: RPO {report['rpo_seconds']} s, RTO {report['rto_seconds']} s"
    if "amcheck" in report:
        yield f"pg_amcheck: {report['amcheck']}"
    if "message" in report:
        yield f"the newest message: {report['message']}"
    yield f"{'good' if report['good'] else 'not good'}, {report['seconds']} s in all"
