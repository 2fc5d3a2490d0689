#!/usr/bin/python3 -I
# managed by Pulumi; edit components/templates/pgbackrest/postgresql_backup.py
"""Backs PostgreSQL up, and records with the backup what there was.

run full|incr STANZA REPOSITORY CONNECTION CA MEMBER… makes one.
about STANZA prints what the repository holds, nothing while it has no backup: the tags of its copies.
Leaves figures for monitoring: tell STANZA FILE after a backup, waiting DATA FILE on a member.
"""

import json
import shutil
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

FACTS = "/usr/local/lib/im/facts.sql"
FIGURE = "im_postgresql_backup_seconds"
"""When the newest good one ended, as Unix time; its age is `time()` less that."""
LOG_SECONDS = 600
AS_POSTGRES = ("runuser", "-u", "postgres", "--")
WAITING = "im_postgresql_archive_waiting_seconds"
"""How long the oldest piece of the log waits to leave the member: what a disaster would cost now."""


def is_replica(member: str, context: ssl.SSLContext) -> bool:
    """Patroni says yes only to a replica that runs."""
    try:
        with urllib.request.urlopen(f"{member}/replica", timeout=5, context=context):  # noqa: S310 - https, declared
            return True
    except (OSError, urllib.error.URLError):
        return False


def run(kind: str, stanza: str, repository: str, connection: str, ca: str, *members: str) -> None:
    context = ssl.create_default_context(cafile=ca)
    standby = any([is_replica(member, context) for member in members])
    source = "--backup-standby" if standby else "--no-backup-standby"
    if code := pgbackrest(stanza, f"--type={kind}", source, "--log-level-console=info", "backup"):
        free = shutil.disk_usage(repository).free  # pgBackRest does not say when its log has no room there
        sys.exit(f"no backup: pgBackRest ended with {code}; {repository} has {free / 2**20:.0f} MB of room left")
    record(stanza, connection)


def record(stanza: str, connection: str) -> None:
    """What the primary has now goes with the newest backup; a restore test finds it there and compares."""
    facts = json.loads(psql(connection, "--file", FACTS))
    wait_for_log(connection, facts["lsn"])
    label = known(stanza)[0]["backup"][-1]["label"]
    text = json.dumps(facts, separators=(",", ":"))
    if code := pgbackrest(stanza, f"--set={label}", f"--annotation=facts={text}", "annotate"):
        sys.exit(f"the backup is made, but what it has could not be recorded: pgBackRest ended with {code}")


def psql(connection: str, *words: str) -> str:
    command = ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", *words, connection]
    answer = subprocess.run(command, cwd="/", capture_output=True, text=True, check=False)
    if answer.returncode:
        sys.exit(f"the backup is made, but what it has could not be counted: {answer.stderr.strip()}")
    return answer.stdout.strip()


def wait_for_log(connection: str, lsn: str) -> None:
    """A copy of the repository that has the record has the log up to its moment, too."""
    query = f"SELECT last_archived_wal >= pg_walfile_name('{lsn}') FROM pg_stat_archiver"  # noqa: S608 - PostgreSQL's
    end = time.monotonic() + LOG_SECONDS
    while psql(connection, "--command", query) != "t":
        if time.monotonic() > end:
            sys.exit(f"the backup is made, but the log of its moment has not come within {LOG_SECONDS} s")
        time.sleep(1)


def pgbackrest(stanza: str, *words: str) -> int:
    """Its exit code; what it says goes to the journal."""
    return subprocess.run(["pgbackrest", f"--stanza={stanza}", *words], cwd="/", check=False).returncode


def known(stanza: str, *before: str) -> Any:
    """What pgBackRest has; `before` is put before the command."""
    command = [*before, "pgbackrest", f"--stanza={stanza}", "--output=json", "info"]
    answer = subprocess.run(command, cwd="/", capture_output=True, text=True, check=False)
    if answer.returncode:
        sys.exit(f"pgBackRest does not tell what it has: {answer.stderr.strip() or answer.stdout.strip()}")
    return json.loads(answer.stdout)


def about(stanza: str) -> None:
    """Which database it is of, when the oldest backup ended (Unix time), and the newest one."""
    for found in known(stanza, *AS_POSTGRES):
        if good := [each for each in found["backup"] if not each["error"]]:
            print(f"cluster={found['db'][-1]['system-id']}")
            print(f"from={min(each['timestamp']['stop'] for each in good)}")
            print(f"backup={good[-1]['label']}")


def tell(stanza: str, file: str) -> None:
    """Nothing is told without a good backup: what monitoring knows then only grows older."""
    if text := "".join(figures(known(stanza, *AS_POSTGRES))):
        write(Path(file), text)


def write(file: Path, text: str) -> None:
    """At once: what monitoring reads is whole."""
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_suffix(".new")
    new.write_text(text)
    new.rename(file)


def waiting(data: str, file: str) -> None:
    """PostgreSQL marks a finished piece, and takes the mark away when the repository has it. Only a primary's wait."""
    now = time.time()
    oldest = min((mark.stat().st_mtime for mark in Path(data, "pg_wal/archive_status").glob("*.ready")), default=now)
    write(Path(file), f"{WAITING} {max(0, int(now - oldest))}\n")


def figures(stanzas: list[dict[str, Any]]) -> Iterator[str]:
    good = [each for stanza in stanzas for each in stanza["backup"] if not each["error"]]
    for kind, found in (("any", good), ("full", [each for each in good if each["type"] == "full"])):
        if found:
            labels = "{" + f'kind="{kind}"' + "}"
            yield f"{FIGURE}{labels} {max(each['timestamp']['stop'] for each in found)}\n"


if __name__ == "__main__":
    orders: dict[str, Callable[..., None]] = {"run": run, "about": about, "tell": tell, "waiting": waiting}
    orders[sys.argv[1]](*sys.argv[2:])
