"""Backups of one host to another: restored from there, and attacked with all that the first one has."""

import json
import secrets
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.lab.conftest import LabFactory
from tests.lab.deployed import Deployed
from tests.lab.private_lab import ROOT

HOST, OFFSITE = "dev1", "far1"
COPIES_SECONDS = 120
ATTACK = Path(__file__).with_name("attack_copies.sh")
FILES = "cd /var/lib/im-copies && find . -type f ! -path '*/locks/*' -exec sha256sum {} +"


@pytest.fixture(scope="module")
def saved(lab: LabFactory, tmp_path_factory: pytest.TempPathFactory) -> Deployed:
    """`dev` and a host that is offsite, with a backup that has reached it."""
    config: dict[str, Any] = yaml.safe_load((ROOT / "stacks" / "Pulumi.dev.yaml").read_text())["config"]
    config["onprem:hosts"][OFFSITE] = {"address": "10.77.1.13", "user": "root"}
    config["im:roles"] = {**config["im:roles"], "offsite": [OFFSITE]}
    config["im:backups"] = {"enabled": True}
    made = Deployed(lab(config), tmp_path_factory.mktemp("saved"))
    made.apply()
    made.lab.ssh(HOST, "/usr/local/lib/im/account add alice", stdin=secrets.token_urlsafe(24) + "\n")
    made.lab.ssh(
        HOST, "until systemctl start im-postgresql-backup@full; do sleep 2; done"
    )  # another one may be at work
    reaches_offsite(made)
    return made


def reaches_offsite(site: Deployed) -> None:
    """The piece of the log that the backup's record is in, and after it a copy."""
    last = "cd /tmp && runuser -u postgres -- psql -XAtqc 'SELECT last_archived_wal FROM pg_stat_archiver'"
    switched = "cd /tmp && runuser -u postgres -- psql -XAtqc 'SELECT pg_walfile_name(pg_switch_wal())'"
    wanted, deadline = site.lab.ssh(HOST, switched).stdout, time.monotonic() + COPIES_SECONDS
    while site.lab.ssh(HOST, last).stdout < wanted:
        assert time.monotonic() < deadline, "the log is not archived"
        time.sleep(1)
    site.lab.ssh(HOST, "systemctl start im-restic@postgresql")


def restore_test(site: Deployed, *words: str, check: bool = True) -> tuple[str, dict[str, Any]]:
    """What it says, and its report."""
    kept = site.saved / "reports"
    command = ["scripts/restore-test", site.lab.stack, "--saved", str(site.saved), "--reports", str(kept), *words]
    done = site.lab.run(command, check=check)
    newest = max((kept / site.lab.stack).iterdir())
    return done.stderr, dict(json.loads(newest.read_text()))


def test_the_copy_offsite_is_restored_beside_the_live_data(saved: Deployed) -> None:
    _, report = restore_test(saved)
    assert report["good"]
    assert report["amcheck"] == "passed"
    assert report["tables"]["public.users"]["restored"]["rows"] == 1
    left = saved.lab.ssh(HOST, "ls /var/lib/im-restore; pgrep --full '[i]m-restore/scratch' || true").stdout
    assert left == "reports\n"


def test_what_a_host_has_deletes_nothing_offsite(saved: Deployed) -> None:
    saved.lab.ssh(HOST, "systemctl stop 'im-restic-*.timer'")
    before = set(saved.lab.ssh(OFFSITE, FILES).stdout.splitlines())
    answers = saved.lab.ssh(HOST, "sh -s", stdin=ATTACK.read_text()).stdout.splitlines()
    assert {"config", "data", "index", "keys", "snapshots"} <= {line.split("/")[2] for line in before}
    assert len(answers) > 30
    assert [line for line in answers if line.split()[0] not in ("301", "403", "404", "405")] == []
    assert before <= set(saved.lab.ssh(OFFSITE, FILES).stdout.splitlines())


def test_a_damaged_copy_is_no_good_test(saved: Deployed) -> None:
    damage = "find /var/lib/im-copies/dev1/data -type f -size +40k -exec dd if=/dev/zero of={} bs=1 seek=9000 count=99 conv=notrunc \\;"  # noqa: E501
    saved.lab.ssh(OFFSITE, f"cp -a /var/lib/im-copies/dev1 /root/ && {damage}")
    said, report = restore_test(saved, check=False)
    assert "the copy is damaged" in said
    assert not report["good"]
