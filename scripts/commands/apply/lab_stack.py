"""Stacks whose hosts are lab hosts: their addresses mean something inside the lab's network only."""

from collections.abc import Mapping
from pathlib import Path

from commands.apply import ApplyError


def refuse_outside_lab(command: str, stack: str, root: Path, environment: Mapping[str, str]) -> None:
    """Raises, naming what to run instead, when `stack` has a lab and this process is not in it."""
    lab = root / ".lab" / stack
    if lab.is_dir() and not environment.get("ONPREM_SSH_CONFIG", "").startswith(f"{lab}/"):
        instead = f"scripts/lab run {stack} -- scripts/{command} {stack}"
        raise ApplyError(f"{stack}: its hosts are in the lab; run: {instead}")
