# managed by Pulumi; edit components/templates/restore/commands.py
"""Commands, run to their end; as postgres where the database's files are touched."""

import subprocess
from collections.abc import Sequence

Done = subprocess.CompletedProcess[str]
AS_POSTGRES = ("setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--")


def run(command: Sequence[str], stdin: str = "") -> Done:
    """Damaged files can make it say anything, which need not be text."""
    return subprocess.run(command, cwd="/", input=stdin, capture_output=True, text=True, errors="replace", check=False)


def as_postgres(command: Sequence[str]) -> Done:
    return run([*AS_POSTGRES, *command])


def said(done: Done) -> str:
    """The line that tells the reason: what restic calls fatal, what pgBackRest calls an error, else the last one."""
    lines = (done.stderr.strip() or done.stdout.strip() or f"status {done.returncode}").splitlines()
    return next((line for line in lines if line.startswith(("Fatal: ", "ERROR: "))), lines[-1]).strip()
