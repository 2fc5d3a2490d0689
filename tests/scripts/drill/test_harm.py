"""What is done to hosts, on a machine without any."""

import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from commands.drill.harm import act
from commands.drill.site import Site
from commands.lab.lab import Lab
from commands.lab.places import Places
from tests.scripts.drill.stack import SITE

PENDING = "import os, signal; os.kill(os.getpid(), signal.SIGINT); print(sorted(signal.sigpending()))"


def test_ctrl_c_does_not_end_what_takes_a_fault_back(tmp_path: Path) -> None:
    told: list[str] = []

    def run(_: Site, hosts: Sequence[str]) -> None:
        told.extend(hosts)
        told.append(subprocess.run([sys.executable, "-c", PENDING], capture_output=True, text=True, check=True).stdout)

    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    act(replace(SITE, lab=Lab(Places("test", tmp_path))), run, ("im1",))

    assert told == ["im1", "[<Signals.SIGINT: 2>]\n"]
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == before
