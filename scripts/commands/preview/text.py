"""The preview for a terminal: whole, and without anything that a terminal would obey."""

from collections.abc import Iterator, Sequence

from commands.preview.report import Report, brief, diff, interruptions, summary
from commands.preview.safe import line

COLUMNS = ("operation", "host", "service", "what changes")


def text(reports: Sequence[Report]) -> str:
    """All stacks, one after the other."""
    return "\n".join(one for report in reports for one in _stack(report)).rstrip("\n") + "\n"


def _stack(one: Report) -> Iterator[str]:
    yield line(f"{one.stack}: {summary(one)}")
    yield from (f"  error: {line(said)}" for error in one.errors for said in error.splitlines())
    for change in one.deleted_stores:
        yield line(f"  DELETES THE DATA STORE {change.service} ON {change.host}: its data stays on the disk, unserved")
    yield from (f"  {line(sentence)}" for sentence in interruptions(one))
    yield from (f"  warning: {line(warning)}" for warning in one.changes.warnings)
    yield ""
    rows = list(_rows(one))
    if rows:
        yield from _aligned([COLUMNS, *rows])
        yield ""
    for change in one.changes.services:
        yield from map(line, diff(change))
        yield ""


def _rows(one: Report) -> Iterator[tuple[str, str, str, str]]:
    for change in one.changes.services:
        first, *others = brief(change) or ("",)
        yield change.operation, change.host, change.service or "(the host)", first
        yield from (("", "", "", phrase) for phrase in others)
    for group in one.changes.resources:
        properties = f" (changed: {', '.join(group.properties)})" if group.properties else ""
        yield group.operation, "", "", f"{len(group.names)} {group.type}: {', '.join(group.names)}{properties}"


def _aligned(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    shown = [[line(cell) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in shown) for column in range(len(COLUMNS) - 1)]
    for row in shown:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        yield "  ".join(["", *cells, row[-1]]).rstrip()
