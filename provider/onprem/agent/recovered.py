"""Secrets found again in the files they were written to. The manifest has their digests, so that a find is certain."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from . import files, manifest
from .declaration import Declaration, parse
from .errors import AgentError
from .manifest import Manifest
from .store import Store
from .text import REFERENCE, refers_to_secret

LARGEST = 64 * 1024
"""Files with secrets are small; in one that somebody blew up, the search would take long."""
PEM = r"(?:-----BEGIN [A-Z0-9 ]+-----\n(?:[A-Za-z0-9+/=]+\n)+-----END [A-Z0-9 ]+-----\n*)+"
VALUE = rf"({PEM}|[A-Za-z0-9._~-]+)"
"""What a secret may consist of (rules.py of the provider)."""


@dataclass(frozen=True)
class Recovered:
    """Secrets by name, and texts that stand where a secret should and are another one."""

    known: Mapping[str, str] = field(default_factory=dict)
    others: frozenset[str] = frozenset()


def of_service(declared: Declaration, digests: Mapping[str, str]) -> Recovered:
    """Looks in the regular files of a service that refer to secrets."""
    known: dict[str, str] = {}
    others: set[str] = set()
    for file in declared.files.values():
        if not refers_to_secret(file.content):
            continue
        text = _without(_long(declared), _text(file.path))
        for name, found in (pair for line in file.content.split("\n") for pair in _candidates(declared, line, text)):
            value = _verified(declared.service, name, found, digests.get(name, ""))
            if value is None:
                others.add(found)
            else:
                known[name] = value
    parts = {text for text in others for value in known.values() if text in value or value in text}
    return Recovered(known, frozenset(others - parts))


def of_host(store: Store) -> Recovered:
    """Those of all services. A manifest that cannot be read hides none of its own: it is not served either."""
    found = [each for service in store.services() if (each := _of_manifest(store, service)) is not None]
    known = {f"{number} {name}": value for number, each in enumerate(found) for name, value in each.known.items()}
    return Recovered(known, frozenset(text for each in found for text in each.others))


def _of_manifest(store: Store, service: str) -> Recovered | None:
    try:
        kept: Manifest | None = manifest.load(store, service)
        return of_service(parse(service, kept.declared), kept.secret_digests) if kept else None
    except (AgentError, ValueError, KeyError, TypeError):
        return None


def _text(path: str) -> str:
    try:
        found = files.look(path)
        whole = found.kind == "file" and found.size <= LARGEST
        return files.read(path).decode("utf-8", "backslashreplace") if whole else ""
    except (OSError, AgentError):
        return ""


def _long(declared: Declaration) -> list[str]:
    """Values of several lines, such as certificates: next to a key they would look like a part of it."""
    return [value for value in declared.names.values.values() if "\n" in value]


def _without(parts: Iterable[str], text: str) -> str:
    for part in parts:
        text = text.replace(part, "")
    return text


def _candidates(declared: Declaration, line: str, text: str) -> Iterator[tuple[str, str]]:
    """Name and text of each secret, wherever what is around it in a line of the template stands in `text`."""
    if not refers_to_secret(line):
        return
    names: list[str] = []
    pattern = ""
    for literal, kind, name in _parts(line):
        pattern += re.escape(literal)
        if kind == "secret":
            names.append(name)
            pattern += VALUE
        elif kind == "value":
            pattern += re.escape(_without(_long(declared), declared.names.values.get(name, "")))
    # Looking ahead: of two keys, one after the other, the second is found too.
    for found in re.finditer(rf"(?=^{pattern}$)", text, re.MULTILINE):
        yield from zip(names, found.groups())  # noqa: B905 - Python 3.9


def _parts(line: str) -> Iterator[tuple[str, str, str]]:
    """Each reference with the text before it, then the rest."""
    position = 0
    for found in REFERENCE.finditer(line):
        yield line[position : found.start()], found.group(1), found.group(2)
        position = found.end()
    yield line[position:], "", ""


def _verified(service: str, name: str, found: str, digest: str) -> str | None:
    """The secret that `found` is or begins with."""
    return next((text for text in _beginnings(found) if manifest.secret_digest(service, name, text) == digest), None)


def _beginnings(found: str) -> Iterator[str]:
    """What is no PEM is whole. Of PEM, where the secret ends and which line ends are its own, only the digest tells."""
    if not found.startswith("-----"):
        yield found
    for end in re.finditer(r"-----END [A-Z0-9 ]+-----(\n*)", found):
        yield from (found[: end.start(1) + ends] for ends in range(len(end.group(1)) + 1))
