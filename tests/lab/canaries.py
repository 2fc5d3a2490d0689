"""Known secrets, the ways in which they could be written down, and a watch over processes that might show them."""

import base64
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

PROCESSES = Path(__file__).parent / "probe_processes.py"

Forms = dict[str, list[str]]
"""By name of the secret, the texts by which it is known: none of them may stand anywhere."""


def forms_of_password(password: str) -> list[str]:
    """As it is, in hexadecimal, and in Base64 wherever it begins in a longer text."""
    raw = password.encode()
    encoded = (base64.b64encode(bytes(shift) + raw).decode() for shift in range(3))
    inner = [text[-(-8 * shift // 6) : 8 * (shift + len(raw)) // 6] for shift, text in enumerate(encoded)]
    return [password, raw.hex(), *inner]


def forms_of_key(outputs: Mapping[str, str]) -> list[str]:
    """Those lines of PEM that hold the private part of a P-256 key: in SEC 1 the first, in PKCS #8 the second."""
    return [outputs["privateKeyPem"].splitlines()[1], outputs["privateKeyPemPkcs8"].splitlines()[2]]


def told(text: str, secrets: Forms) -> list[str]:
    """The names of those that stand in `text`."""
    return [name for name, found in secrets.items() if any(form in text for form in found)]


@contextmanager
def watched_processes() -> Iterator["subprocess.Popen[str]"]:
    """All processes of the machine, those of lab hosts among them."""
    argv = [sys.executable, str(PROCESSES)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as watcher:
        assert watcher.stdout is not None
        assert watcher.stdout.readline() == "watching\n"
        try:
            yield watcher
        finally:
            watcher.kill()
