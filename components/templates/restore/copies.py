# managed by Pulumi; edit components/templates/restore/copies.py
"""Copies of the repository, as they lie offsite."""

import json
import shutil
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from .commands import Done, run, said
from .errors import NothingError, RestoreError

RESTIC = Path("/etc/im-restic")
SET = "postgresql"
SPARE = 1.1
UNOPENED = "unable to open config file: "
"""What restic says when a place lets it see nothing: of a wrong key an object store says that it does not match."""


def found(place: str, tag: str = SET, before: "datetime | None" = None) -> list[dict[str, Any]]:
    """The copies, or those made before a moment, the newest last: `id`, `time`, `tags`."""
    answer = restic(place, "snapshots", "--json", "--tag", tag)
    if answer.returncode:
        raise (NothingError if is_empty(answer) else RestoreError)(reason(answer, place))
    known = sorted(json.loads(answer.stdout) or [], key=lambda copy: when(copy["time"]))
    return [copy for copy in known if before is None or when(copy["time"]) < before]


def newest(place: str, tag: str, before: datetime) -> dict[str, Any]:
    """The newest that was made before a moment."""
    if not (known := found(place, tag, before)):
        raise RestoreError(f"{url(place)}: has no copy of {tag} of before {before.isoformat()}")
    return known[-1]


def fetch(place: str, copy: Mapping[str, Any], source: str, target: Path) -> None:
    """`source`, a folder of the copy, to `target`, which must have room for it: what runs here needs its own."""
    answer = restic(place, "stats", "--json", "--mode", "restore-size", copy["id"])
    if answer.returncode:
        raise RestoreError(reason(answer, place))
    room(target, json.loads(answer.stdout)["total_size"], "the copy")
    answer = restic(place, "restore", copy["id"], "--include", source, "--target", str(target))
    if answer.returncode:
        raise RestoreError(reason(answer, place))


def room(folder: Path, size: float, what: str) -> None:
    free = shutil.disk_usage(folder).free
    if size * SPARE > free:
        raise RestoreError(f"{folder}: {what} needs {size * SPARE / 2**20:.0f} MB, and {free / 2**20:.0f} MB are free")


def url(place: str) -> str:
    return str(json.loads((RESTIC / "restic.json").read_text())["places"][place])


def restic(place: str, *arguments: str) -> Done:
    """Without a lock, which nobody could take away again offsite."""
    ours = ["--cacert", str(RESTIC / "ca.pem"), "--tls-client-cert", str(RESTIC / "client.pem")]
    certificates = ours if url(place).startswith("rest:") else []
    bucket = f"AWS_SHARED_CREDENTIALS_FILE={RESTIC}/s3"
    opened = ["--repo", url(place), "--password-file", str(RESTIC / "password"), "--no-lock", "--no-cache"]
    return run(["env", bucket, "timeout", "6h", "restic", *opened, *certificates, *arguments])


def reason(answer: Done, place: str) -> str:
    """What is wrong, in a sentence."""
    text = answer.stderr
    if "wrong password or no key found" in text:
        return f"{url(place)}: the key of this host does not open it"
    if is_empty(answer):
        return f"{url(place)}: there is nothing"
    damage = (
        "ciphertext verification failed",
        "does not match",
        "invalid data",
        "not found in index",
        "does not exist",
    )
    if UNOPENED not in text and any(words in text for words in damage):
        return f"{url(place)}: the copy is damaged: {said(answer)}"
    return f"{url(place)}: {said(answer)}"


def is_empty(answer: Done) -> bool:
    """Nothing was ever saved there."""
    said = ("<config/> does not exist", "config file: Stat: The specified key does not exist")
    return any(words in answer.stderr for words in said)


def when(text: str) -> datetime:
    """restic writes nanoseconds, which not every Python reads."""
    head, _, rest = text.partition(".")
    return datetime.fromisoformat((head + rest.lstrip("0123456789")).replace("Z", "+00:00"))
