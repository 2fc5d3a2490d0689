"""Where a host keeps secrets: run there by `python3 -I -`, with a last line `main({name: [form…]})` added.

Prints `{"files": {path: {"mode", "owner", "names"}}, "journal": names}`.
"""

import json
import os
import subprocess
from pathlib import Path

Forms = dict[str, list[str]]
NOT_FILES = {"proc", "sys"}


def files_with(forms: list[str]) -> list[Path]:
    """Paths of all files, whatever is in them. Some vanish while grep reads, so its exit code says nothing."""
    roots = [entry.path for entry in os.scandir("/") if not entry.is_symlink() and entry.name not in NOT_FILES]
    grep = ["grep", "--recursive", "--files-with-matches", "--text", "--fixed-strings", "--devices=skip", "--null"]
    command = [*grep, "--no-messages", "--file=-", "--", *roots]
    patterns = "\n".join(forms).encode()
    found = subprocess.run(command, input=patterns, env={"LC_ALL": "C"}, stdout=subprocess.PIPE, check=False).stdout
    return [Path(path.decode()) for path in found.split(b"\0") if path]


def names_in(content: bytes, secrets: Forms) -> list[str]:
    return sorted(name for name, forms in secrets.items() if any(form.encode() in content for form in forms))


def describe(path: Path, secrets: Forms) -> dict[str, object]:
    mode = f"{path.stat().st_mode & 0o7777:04o}"
    return {"mode": mode, "owner": path.owner(), "names": names_in(path.read_bytes(), secrets)}


def main(secrets: Forms) -> None:
    forms = [form for each in secrets.values() for form in each]
    journal = subprocess.run(
        ["journalctl", "--all", "--output=export", "--quiet"], stdout=subprocess.PIPE, check=True
    ).stdout
    files = {str(path): describe(path, secrets) for path in files_with(forms)}
    print(json.dumps({"files": files, "journal": names_in(journal, secrets)}))
