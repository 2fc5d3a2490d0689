"""The program that brings data back, on the hosts of a stack."""

import json
import subprocess
from typing import Any

from commands.restore import RestoreError
from commands.verify.outputs import HostLogin

PROGRAM = "/usr/local/lib/im/postgresql-restore"
UNIT = ("systemd-run", "--quiet", "--pipe", "--wait", "--collect", "--property=KillSignal=SIGQUIT")
"""In a unit of its own: when the program is killed, a PostgreSQL that it has started does not outlive it."""


def order(host: HostLogin, *words: str) -> dict[str, Any]:
    """What the step tells as JSON, if anything; raises with its reason when it fails."""
    done = subprocess.run(host.as_root([*UNIT, PROGRAM, *words]), capture_output=True, text=True, check=False)
    if done.returncode:
        lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        raise RestoreError(f"{host.host}: {words[0]}: {lines[-1] if lines else 'it was cut off; run this again'}")
    told: dict[str, Any] = json.loads(done.stdout or "{}")
    return told
