"""Stacks whose hosts are lab hosts: their addresses mean something inside the lab's network only."""

from collections.abc import Mapping
from pathlib import Path


def outside_lab(command: str, stack: str, root: Path, environment: Mapping[str, str]) -> str:
    """What to run instead when `stack` has a lab and this process is not in it; else nothing."""
    lab = root / ".lab" / stack
    if not lab.is_dir() or environment.get("ONPREM_SSH_CONFIG", "").startswith(f"{lab}/"):
        return ""
    return f"{stack}: its hosts are in the lab; run: scripts/lab run {stack} -- scripts/{command} {stack}"
