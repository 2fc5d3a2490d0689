"""Starts the test on the host of operations, waits for its end, and brings its report."""

import json
import shlex
import subprocess
from typing import Any

from commands.restore.moments import NEWEST
from commands.restore_test import RestoreTestError
from commands.verify.outputs import HostLogin, Outputs
from components.operations.backups import REPORTS

MARK = "im-restore-test: the report follows"
START = """\
before=$(ls {reports})
systemctl start {unit} 2>/dev/null
[ {unit} = im-restore-test@newest.service ] || systemctl reset-failed {unit} 2>/dev/null
for file in $(ls {reports}); do
    case " $(echo $before) " in *" $file "*) ;; *) report=$file ;; esac
done
if [ -z "${{report:-}}" ]; then
    journalctl --unit {unit} --no-pager --output cat --lines 1
    exit 1
fi
echo {mark}
cat {reports}/$report
"""


def keeper(stack: str, outputs: Outputs) -> HostLogin:
    """The host on which restores are tested; raises when the stack has nothing offsite."""
    if outputs.operations is None:
        raise RestoreTestError(f"{stack}: nothing is saved offsite; see docs/backups.md")
    return outputs.operations


def run(host: HostLogin, to: str, copy: str) -> dict[str, Any]:
    """The report; raises when there is none."""
    unit = f"im-restore-test@{to}{'' if copy == NEWEST else f'_{copy}'}.service"
    script = START.format(reports=REPORTS, unit=shlex.quote(unit), mark=shlex.quote(MARK))
    done = subprocess.run(host.as_root(["sh", "-c", script]), capture_output=True, text=True, check=False)
    said, mark, text = done.stdout.partition(f"{MARK}\n")
    if not mark:
        raise RestoreTestError(f"{host.host}: {reason(said, done.stderr)}")
    report: dict[str, Any] = json.loads(text)
    return report


def reason(said: str, error: str) -> str:
    """The last line of either."""
    lines = [line.strip() for line in f"{said}\n{error}".splitlines() if line.strip()]
    return lines[-1] if lines else "no reason given"
