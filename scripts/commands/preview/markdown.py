"""The preview as a comment on a pull request (GitHub and GitLab), cut to the size that a comment may have."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from commands.preview.changes import ServiceChange
from commands.preview.report import Report, brief, clipped, diff, interruptions, summary
from commands.preview.safe import code, fenced, line

MARKER = "<!-- private-im preview -->"
GITHUB_LIMIT_BYTES = 65_536
NOTE_BYTES = 400
LONGEST_ERROR_LINE = 500
TABLE = ("| operation | host | service | what changes |", "|---|---|---|---|")
UNLIMITED = 1 << 60


@dataclass(frozen=True)
class Block:
    """Lines that may be cut from the end of `body`, between lines that then still stand."""

    noun: str
    before: tuple[str, ...]
    body: tuple[str, ...]
    after: tuple[str, ...] = ("",)

    def fitting(self, room: int) -> tuple[tuple[str, ...], int]:
        """What fits into `room` bytes, and how many lines of the body do not."""
        room -= size((*self.before, *self.after))
        kept = 0
        while kept < len(self.body) and (room := room - size(self.body[kept : kept + 1])) >= 0:
            kept += 1
        shown = (*self.before, *self.body[:kept], *self.after) if kept else ()
        return shown, len(self.body) - kept


def markdown(reports: Sequence[Report], limit: int = GITHUB_LIMIT_BYTES) -> str:
    """One comment for all stacks, no longer than `limit` bytes (0: as long as it is). It begins with `MARKER`."""
    heads = [(f"### {code(clipped(one.stack))}: {line(summary(one))}", "") for one in reports]
    room = (limit or UNLIMITED) - size((MARKER, "")) - sum(size(head) + NOTE_BYTES for head in heads)
    sections: list[list[str]] = [[*head] for head in heads]
    cut: list[list[str]] = [[] for _ in reports]
    for kind in (_errors, _stores, _interruptions, _table, _warnings, _full_diff):
        blocks = [(index, block) for index, one in enumerate(reports) for block in kind(one)]
        for done, (index, block) in enumerate(blocks):
            shown, left = block.fitting(room // (len(blocks) - done))
            room -= size(shown)
            sections[index] += shown
            cut[index] += [f"{left} {block.noun}"] if left else []
    for section, one, left_out in zip(sections, reports, cut, strict=True):
        section += _note(one, left_out)
    return "\n".join([MARKER, "", *(text for section in sections for text in section)])


def size(lines: Iterable[str]) -> int:
    """Bytes, ends of lines included."""
    return sum(len(text.encode()) + 1 for text in lines)


def _errors(one: Report) -> Iterable[Block]:
    if one.errors:
        said = [f"- {text[:LONGEST_ERROR_LINE]}" for error in one.errors for text in error.splitlines()]
        first, *body, last = fenced(said, "diff")
        yield Block("lines of errors", ("**The preview failed:**", "", first), tuple(body), (last, ""))


def _stores(one: Report) -> Iterable[Block]:
    lines = tuple(
        f"- **Deletes the data store {code(change.service)} on {code(change.host)}:"
        " nothing serves its data any more, which stays on the disk.**"
        for change in one.deleted_stores
    )
    if lines:
        yield Block("deleted data stores", (), lines)


def _interruptions(one: Report) -> Iterable[Block]:
    lines = []
    for sentence in interruptions(one):
        kind, _, rest = sentence.partition(": ")
        lines.append(f"- **{kind}**: {code(clipped(rest))}")
    if lines:
        yield Block("interruptions", (), tuple(lines))


def _table(one: Report) -> Iterable[Block]:
    rows = [_row(change) for change in one.changes.services]
    for group in one.changes.resources:
        names = f"{len(group.names)} {group.type}: {', '.join(group.names)}"
        properties = [code(clipped(f"changed: {', '.join(group.properties)}"))] if group.properties else []
        rows.append(f"| {line(group.operation)} | | | {'<br>'.join([code(clipped(names)), *properties])} |")
    if rows:
        yield Block("rows of the table", TABLE, tuple(rows))


def _row(change: ServiceChange) -> str:
    phrases = "<br>".join(map(code, brief(change)))
    service = code(clipped(change.service)) if change.service else "(the host)"
    bold = "**" if change.deletes_data_store else ""
    return f"| {bold}{line(change.operation)}{bold} | {code(clipped(change.host))} | {service} | {phrases} |"


def _warnings(one: Report) -> Iterable[Block]:
    lines = tuple(f"- {code(clipped(text))}" for text in one.changes.warnings)
    if lines:
        yield Block("warnings", ("**Warnings:**", ""), lines)


def _full_diff(one: Report) -> Iterable[Block]:
    lines = [text for change in one.changes.services for text in diff(change)]
    if lines:
        first, *body, last = fenced((line(text) for text in lines), "diff")
        before = ("<details><summary>Full diff</summary>", "", first)
        yield Block("lines of the full diff", before, tuple(body), (last, "", "</details>", ""))


def _note(one: Report, left_out: Sequence[str]) -> Sequence[str]:
    if not left_out:
        return ()
    whole = f"scripts/preview {one.stack}{' --live' if one.live else ''}"
    return (f"*Cut to the size of a comment; left out: {', '.join(left_out)}. The whole: {code(clipped(whole))}*", "")
