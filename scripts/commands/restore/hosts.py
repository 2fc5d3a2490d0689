"""The program that brings data back, on the hosts of a stack."""

import json
import shlex
import subprocess
from typing import Any

from commands.restore import RestoreError
from commands.verify.outputs import HostLogin
from onprem.inventory import Login
from onprem.transport import ssh_options

PROGRAM = "/usr/local/lib/im/postgresql-restore"


def order(host: HostLogin, *words: str) -> dict[str, Any]:
    """What the step tells as JSON, if anything; raises with its reason when it fails."""
    command = [PROGRAM, *words] if host.user == "root" else ["sudo", "-n", PROGRAM, *words]
    login = Login(host.address, user=host.user, port=host.port)
    ssh = ["ssh", "-o", "BatchMode=yes", "-o", "ConnectTimeout=15", "-o", "ServerAliveInterval=15"]
    done = subprocess.run([*ssh, *ssh_options(login), shlex.join(command)], capture_output=True, text=True, check=False)
    if done.returncode:
        lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        raise RestoreError(f"{host.host}: {words[0]}: {lines[-1] if lines else 'no reason given'}")
    told: dict[str, Any] = json.loads(done.stdout or "{}")
    return told
