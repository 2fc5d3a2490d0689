"""A short drill of two servers and a vote: what must hold on a machine of any speed."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lab.conftest import labs
from tests.lab.deployed import Deployed
from tests.lab.private_lab import ROOT
from tests.topologies import TEST

BOTH = ["im1", "im2"]
ROLES = {
    "load_balancer": BOTH,
    "im": BOTH,
    "database": BOTH,
    "witness": ["vote1"],
    "queue": ["vote1"],
    "cache": ["vote1"],
}
FAULTS = ("primary-host", "im-host", "split-50ms", "vip-holder")
NEVER = ("lost", "two_primaries", "rows_lost", "archives_unread")


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """Deployed without the engine; what no fault here is for has one host."""
    with labs(tmp_path_factory) as make:
        made = Deployed(make({**TEST, "im:roles": ROLES}), tmp_path_factory.mktemp("saved"))
        made.apply()
        yield made


def _argv(servers: Deployed, *words: str) -> list[str]:
    return servers.lab.argv(
        "run", "--", "scripts/drill", servers.lab.stack, *words, "--saved", str(servers.saved), "--format", "json"
    )


def test_nothing_acknowledged_is_lost(servers: Deployed) -> None:
    done = subprocess.run(_argv(servers, *FAULTS), capture_output=True, text=True, check=False, cwd=ROOT)
    rounds: list[dict[str, Any]] = json.loads(done.stdout)["rounds"]

    assert [one["fault"] for one in rounds] == list(FAULTS), done.stderr
    for one in rounds:
        figures = {**one["figures"], **one["messages"]}
        assert {name: figures[name] for name in NEVER} == dict.fromkeys(NEVER, 0), one
        assert figures["acknowledged"] > 0, one
        assert figures["at_rest"] is not None, one


def test_a_fault_is_taken_back_on_ctrl_c(servers: Deployed, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("w") as file:
        drill = subprocess.Popen(_argv(servers, "split-60s"), stdout=subprocess.DEVNULL, stderr=file, cwd=ROOT)
        while "split-60s: im1 and im2" not in log.read_text():
            assert drill.poll() is None, log.read_text()
            time.sleep(0.2)
        while "im2" not in _cuts(servers):
            assert drill.poll() is None, log.read_text()
            time.sleep(0.2)
        os.kill(drill.pid, signal.SIGINT)
        ended = drill.wait()

    assert ended == 130, log.read_text()
    assert _cuts(servers) == "[]"


def _cuts(servers: Deployed) -> str:
    path = ROOT / ".lab" / servers.lab.stack / "cuts.json"
    return path.read_text() if path.exists() else "[]"
