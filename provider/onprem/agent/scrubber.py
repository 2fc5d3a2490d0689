"""One scrubber for everything a host says: no known secret in any common form, no control characters, bounded."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

SHORTEST = 4
LARGEST = 256 * 1024
HIDDEN = "(secret)"
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


class Scrubber:
    """Hides the values it was told."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        forms = {form for value in secrets.values() for form in _forms(value) if len(form) >= SHORTEST}
        self._pattern = re.compile("|".join(map(re.escape, sorted(forms, key=len, reverse=True)))) if forms else None

    def text(self, text: str, largest: int = LARGEST) -> str:
        """`text` without secrets, control characters made visible, cut at `largest` characters."""
        text = CONTROL.sub(lambda found: found.group().encode("unicode_escape").decode(), self.hide(text))
        return text if len(text) <= largest else text[:largest] + "\n(cut here)"

    def hide(self, text: str) -> str:
        """`text` without secrets, and otherwise as it is."""
        return text if self._pattern is None else self._pattern.sub(HIDDEN, text)

    def data(self, value: Any) -> Any:
        """Every text in JSON data, scrubbed."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.text(str(key)): self.data(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.data(item) for item in value]
        return value


def _forms(value: str) -> Iterator[str]:
    yield value
    for line in value.splitlines() if "\n" in value else ():
        if not line.startswith("-----"):
            yield line.strip()
    yield quote(value, safe="")
    yield quote_plus(value)
    yield json.dumps(value)[1:-1]
    yield json.dumps(value, ensure_ascii=False)[1:-1]
    yield from _base64(value.encode())


def _base64(data: bytes) -> Iterator[str]:
    """At each of the three places a value may begin within what was encoded, without the characters it shares."""
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + data)
        whole = encoded[(0, 2, 3)[offset] : (len(data) + offset) * 8 // 6].decode()
        yield whole
        yield whole.translate(str.maketrans("+/", "-_"))
