"""A stack with backups, as an operator asks for copies and for tests of restores."""

import json
import time
from typing import Any

from tests.lab.deployed import Deployed, Done

COPIES_SECONDS = 120


def sql(site: Deployed, host: str, text: str, *, check: bool = True) -> str:
    """What the PostgreSQL of `host` answers to its superuser."""
    return site.lab.ssh(
        host, "cd /tmp && runuser -u postgres -- psql -XAtq -v ON_ERROR_STOP=1 postgres", stdin=text, check=check
    ).stdout.strip()


def backed_up(site: Deployed, keeper: str, kind: str) -> None:
    """Another backup may be at work: this one then begins after it."""
    site.lab.ssh(keeper, f"until systemctl start im-postgresql-backup@{kind}; do sleep 2; done")


def reaches_offsite(site: Deployed, primary: str, keeper: str) -> None:
    """All of the log that there is, and after it a copy: the first one may have begun before, and is waited for."""
    wanted = sql(site, primary, "SELECT pg_walfile_name(pg_switch_wal())")
    deadline = time.monotonic() + COPIES_SECONDS
    while sql(site, primary, "SELECT last_archived_wal FROM pg_stat_archiver") < wanted:
        assert time.monotonic() < deadline, "the log is not archived"
        time.sleep(1)
    site.lab.ssh(keeper, "systemctl start im-restic@postgresql && systemctl start im-restic@postgresql")


def restore_test(site: Deployed, *words: str, check: bool = True) -> tuple[str, dict[str, Any]]:
    """What it says, and its report."""
    kept = site.saved / "reports"
    command = ["scripts/restore-test", site.lab.stack, "--saved", str(site.saved), "--reports", str(kept), *words]
    done = site.lab.run(command, check=check)
    newest = max((kept / site.lab.stack).iterdir())
    return done.stderr, dict(json.loads(newest.read_text()))


def restore_command(site: Deployed, *words: str) -> list[str]:
    """`scripts/restore`."""
    return ["scripts/restore", site.lab.stack, "--saved", str(site.saved), *words]


def restore(site: Deployed, *words: str) -> Done:
    """Live data, from the copy offsite."""
    return site.lab.run(restore_command(site, *words))
