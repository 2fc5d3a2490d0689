"""Secrets found again in the files they were written to. The manifest has their digests, so that a find is certain."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from . import in_place, manifest
from .declaration import Declaration, parse
from .errors import AgentError
from .manifest import Manifest
from .store import Store


@dataclass(frozen=True)
class Recovered:
    """Secrets by name, and texts that stand where a secret should and are another one."""

    known: Mapping[str, str] = field(default_factory=dict)
    others: frozenset[str] = frozenset()


def of_service(declared: Declaration, digests: Mapping[str, str]) -> Recovered:
    """Looks in the regular files of a service that refer to secrets."""
    known: dict[str, str] = {}
    others: set[str] = set()
    for each in in_place.found(declared):
        value = _verified(declared.service, each.name, each.text, digests.get(each.name, ""))
        if value is None:
            others.add(each.text)
        else:
            known[each.name] = value
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


def _verified(service: str, name: str, found: str, digest: str) -> str | None:
    """The secret that `found` is or begins with."""
    return next((text for text in _beginnings(found) if manifest.secret_digest(service, name, text) == digest), None)


def _beginnings(found: str) -> Iterator[str]:
    """What is no PEM is whole. Of PEM, where the secret ends and which line ends are its own, only the digest tells."""
    if not found.startswith("-----"):
        yield found
    for end in re.finditer(r"-----END [A-Z0-9 ]+-----(\n*)", found):
        yield from (found[: end.start(1) + ends] for ends in range(len(end.group(1)) + 1))
