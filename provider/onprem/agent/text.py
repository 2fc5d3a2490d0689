"""`${value:NAME}` and `${secret:NAME}`: put in on the way to the host, taken out again on the way back."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .errors import AgentError

REFERENCE = re.compile(r"\$\{(value|secret):([A-Za-z0-9_][A-Za-z0-9_.-]*)\}")
HIDDEN_LINE = "(hidden: this file holds secrets)"


@dataclass(frozen=True)
class Names:
    """The computed data that text may refer to."""

    values: Mapping[str, str]
    secrets: Mapping[str, str]

    def join(self, text: str, place: str, *, secret: bool = False) -> str:
        """`text` with its references replaced; `secret` says that secrets may stand in `place`."""

        def replace(found: re.Match[str]) -> str:
            kind, name = found.groups()
            if kind == "secret" and not secret:
                raise AgentError(f"{place} refers to ${{secret:{name}}}; secrets may stand in files and stdin only")
            known = self.secrets if kind == "secret" else self.values
            if name not in known:
                raise AgentError(f"{place} refers to ${{{kind}:{name}}}, and there is no {kind} of that name")
            return known[name]

        return REFERENCE.sub(replace, text)

    def join_known(self, text: str) -> str:
        """`text` with the references replaced whose value is known already."""

        def replace(found: re.Match[str]) -> str:
            known = self.secrets if found.group(1) == "secret" else self.values
            return known.get(found.group(2), found.group())

        return REFERENCE.sub(replace, text)


def refers_to_secret(text: str) -> bool:
    """Whether a secret stands in `text`."""
    return any(found.group(1) == "secret" for found in REFERENCE.finditer(text))


def restore(template: str, names: Names, live: str, scrub: Callable[[str], str]) -> str:
    """`live` as the declaration would write it.

    A live line that equals a declared one reads as its template line. Any other is shown, or hidden when the
    template refers to a secret.
    """
    if names.join_known(template) == live:
        return template
    hide = refers_to_secret(template)
    lines = template.split("\n")
    joined = [names.join_known(line).split("\n") for line in lines]
    single = {parts[0]: line for parts, line in zip(joined, lines) if len(parts) == 1}  # noqa: B905 - Python 3.9
    found = live.split("\n")
    shown: list[str] = []
    position = 0
    for start, index in _whole_lines(joined, found):
        shown += [_other(line, single, hide, scrub) for line in found[position:start]]
        shown.append(lines[index])
        position = start + len(joined[index])
    shown += [_other(line, single, hide, scrub) for line in found[position:]]
    return "\n".join(shown)


def _whole_lines(joined: list[list[str]], live: list[str]) -> list[tuple[int, int]]:
    """Where in `live` all parts of a template line stand together: (position, number of the template line)."""
    places = [(index, part) for index, parts in enumerate(joined) for part in range(len(parts))]
    flat = [line for parts in joined for line in parts]
    whole: list[tuple[int, int]] = []
    for block in difflib.SequenceMatcher(None, flat, live, autojunk=False).get_matching_blocks():
        offset = 0
        while offset < block.size:
            index, part = places[block.a + offset]
            is_whole = part == 0 and offset + len(joined[index]) <= block.size
            if is_whole:
                whole.append((block.b + offset, index))
            offset += len(joined[index]) if is_whole else 1
    return whole


def _other(line: str, single: Mapping[str, str], hide: bool, scrub: Callable[[str], str]) -> str:
    if line in single:
        return single[line]
    if hide:
        return HIDDEN_LINE if line else ""
    return scrub(line)
