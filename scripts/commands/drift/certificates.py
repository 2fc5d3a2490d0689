"""When certificates end: those that the state has as values, and those that stand in files on the hosts."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from cryptography import x509

from commands.drift.findings import Certificate
from commands.drift.state import Inputs, State

PEM = re.compile(r"-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n]+-----END CERTIFICATE-----")


def in_values(state: State) -> Iterator[Certificate]:
    """Of each value, the certificate that ends first: a chain is as good as its shortest part."""
    for inputs in state.services:
        for name, text in sorted((inputs.get("values") or {}).items()):
            yield from _first(inputs, name, text)


def in_files(inputs: Inputs, live: Mapping[str, Any]) -> Iterator[Certificate]:
    """Where a live file has a certificate of its own; a declared value reads as a reference there."""
    for path, file in sorted(live.get("files", {}).items()):
        yield from _first(inputs, path, file["content"])


def _first(inputs: Inputs, name: str, text: str) -> Iterator[Certificate]:
    found = [certificate for pem in PEM.findall(text) for certificate in _parsed(pem)]
    if found:
        first = min(found, key=lambda each: each.not_valid_after_utc)
        subject = first.subject.rfc4514_string()
        yield Certificate(inputs["host"], inputs["service"], name, subject, first.not_valid_after_utc)


def _parsed(pem: str) -> list[x509.Certificate]:
    try:
        return [x509.load_pem_x509_certificate(pem.encode())]
    except ValueError:
        return []  # what is no certificate is told by the service that should use it
