"""Previews of this program as the engine (3.260) printed them, cut down to what the tests look at."""

import json
from pathlib import Path

from commands.preview.digest import Digest
from commands.preview.report import Report, report

RECORDED = Path(__file__).parent / "recorded"
NAMES = tuple(sorted(path.stem for path in RECORDED.glob("*.json")))
LIVE = ("drift", "look", "unreachable")
STORES = ("etcd", "postgresql", "rabbitmq", "ejabberd")


def digest(name: str) -> Digest:
    """One recording."""
    return Digest.model_validate(json.loads((RECORDED / f"{name}.json").read_text()))


def reported(name: str) -> Report:
    """What is told of it, as stack `dev`."""
    return report("dev", digest(name), STORES, live=name in LIVE)
