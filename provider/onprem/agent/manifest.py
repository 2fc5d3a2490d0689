"""The manifest of a service: its whole declaration without secret values, and how things were before us."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .before import Before, from_wire
from .errors import AgentError
from .store import Store, read_json


@dataclass(frozen=True)
class Manifest:
    """`packages` and `users` are those that came with us. Of secrets only a digest by name is kept, for the reader."""

    declared: Mapping[str, Any]
    before: Before = field(default_factory=Before)
    packages: list[str] = field(default_factory=list)
    users: list[str] = field(default_factory=list)
    secret_digests: Mapping[str, str] = field(default_factory=dict)

    def encode(self) -> bytes:
        """The bytes of the file; the same for the same manifest."""
        wire = {
            "declared": self.declared,
            "before": self.before.wire(),
            "packages": self.packages,
            "users": self.users,
            "secret_digests": self.secret_digests,
        }
        return json.dumps(wire, indent=1, sort_keys=True).encode() + b"\n"


def without_secrets(declared: Mapping[str, Any]) -> dict[str, Any]:
    """A declaration whose secrets have names, but no values."""
    secrets = declared.get("secrets") or {}
    return {**declared, **({"secrets": dict.fromkeys(secrets, "")} if secrets else {})}


def secret_digest(service: str, name: str, value: str) -> str:
    """Tells whether a text is that secret. It stays on the host: of a weak secret it would tell too much."""
    return hashlib.sha256(f"{service}\0{name}\0{value}".encode()).hexdigest()


def load(store: Store, service: str) -> Manifest | None:
    """The manifest on this host, None when there is none."""
    return read(store.manifest(service))


def read(path: Path) -> Manifest | None:
    """The manifest in a file, None when that is not there."""
    try:
        wire: dict[str, Any] | None = read_json(path)
        return None if wire is None else _of_wire(wire)
    except (ValueError, LookupError, TypeError, AttributeError):
        raise AgentError(
            f"{path} was damaged; restore it, or remove it: then the next change writes it anew, and what the host had"
            " before us is forgotten"
        ) from None


def _of_wire(wire: Mapping[str, Any]) -> Manifest:
    before, digests = from_wire(wire["before"]), wire.get("secret_digests") or {}
    return Manifest(dict(wire["declared"]), before, wire["packages"], wire["users"], digests)
