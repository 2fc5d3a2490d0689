"""Backups of one host to another: restored from there, and attacked with all that the first one has."""

import json
import re
import secrets
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.operations.backups import NEWEST_REPORT
from tests.lab.conftest import LabFactory
from tests.lab.deployed import Deployed
from tests.lab.private_lab import ROOT
from tests.lab.saved import backed_up, reaches_offsite, restore_test, sql

HOST, OFFSITE = "dev1", "far1"
ATTACK = Path(__file__).with_name("attack_copies.sh")
COPIES, DISK, REPOSITORY = "/var/lib/im-copies", "/var/lib/pgbackrest", "/var/lib/pgbackrest/im"
BALLAST = f"{REPOSITORY}/ballast"
RESTIC = (
    f"cd /etc/im-restic && restic --repo rest:https://{OFFSITE}:8434/{HOST}/ --password-file password --cacert ca.pem"
    " --tls-client-cert client.pem --no-cache"
)
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
    backed_up(made, HOST, "full")
    reaches_offsite(made, HOST, HOST)
    return made


def test_the_copy_offsite_is_restored_beside_the_live_data(saved: Deployed) -> None:
    _, report = restore_test(saved)
    assert report["good"]
    assert report["amcheck"] == "passed"
    assert report["tables"]["public.users"]["restored"]["rows"] == 1
    left = saved.lab.ssh(HOST, "ls /var/lib/im-restore; pgrep --full '[i]m-restore/scratch' || true").stdout
    assert left == "newest.json\nreports\n"


def test_what_a_host_has_deletes_nothing_offsite(saved: Deployed) -> None:
    saved.lab.ssh(HOST, "systemctl stop 'im-restic-*.timer'")
    before = set(saved.lab.ssh(OFFSITE, FILES).stdout.splitlines())
    answers = saved.lab.ssh(HOST, "sh -s", stdin=ATTACK.read_text()).stdout.splitlines()
    assert {"config", "data", "index", "keys", "snapshots"} <= {line.split("/")[2] for line in before}
    assert len(answers) > 30
    assert [line for line in answers if line.split()[0] not in ("301", "403", "404", "405")] == []
    assert before <= set(saved.lab.ssh(OFFSITE, FILES).stdout.splitlines())


def test_old_copies_are_removed_at_the_far_side_and_new_ones_are_not(saved: Deployed) -> None:
    def copies() -> set[str]:
        told = saved.lab.ssh(HOST, f"{RESTIC} snapshots --no-lock --json").stdout
        return {each["time"][:10] for each in json.loads(told)}

    before = copies()
    saved.lab.ssh(HOST, f"{RESTIC} backup --quiet --tag postgresql --time '2026-01-02 03:00:00' /etc/hostname")
    assert copies() == {*before, "2026-01-02"}
    saved.lab.ssh(OFFSITE, "systemctl start im-copies-prune")
    assert copies() == before
    assert restore_test(saved)[1]["good"]


def save(site: Deployed, *, check: bool = True) -> str:
    """Copies the repository offsite; what the journal says of it."""
    begun = site.lab.ssh(HOST, "date +%s").stdout.strip()
    site.lab.ssh(HOST, "systemctl start im-restic@postgresql", check=check)
    return site.lab.ssh(HOST, f"journalctl --unit im-restic@postgresql --output cat --since @{begun}").stdout


def is_full(site: Deployed, host: str, folder: str) -> None:
    """`folder` has only 5 MB of room left, until `has_room`."""
    moved = f"{folder}.moved"
    site.lab.ssh(
        host,
        f"mv {folder} {moved} && mkdir {folder} &&"
        f" mount -t tmpfs -o size=$(($(du -sk {moved} | cut -f1) + 5000))k tmpfs {folder} &&"
        f" cp -a {moved}/. {folder}/ && chown --reference={moved} {folder}",
    )


def has_room(site: Deployed, host: str, folder: str) -> None:
    site.lab.ssh(host, f"mount -o remount,size=2g {folder}")


def test_a_place_that_is_down_is_said(saved: Deployed) -> None:
    saved.lab.lab("kill", OFFSITE)
    assert f"postgresql did not reach offsite (rest:https://{OFFSITE}:8434/{HOST}/): " in save(saved, check=False)
    saved.lab.lab("start", OFFSITE)


def test_a_place_that_dies_during_a_copy_loses_nothing(saved: Deployed) -> None:
    saved.lab.ssh(HOST, f"head -c 200M /dev/urandom >{BALLAST} && systemctl start --no-block im-restic@postgresql")
    arrived = f"until [ $(du -sm {COPIES} | cut -f1) -gt 80 ]; do sleep 0.2; done"
    saved.lab.ssh(OFFSITE, arrived)
    saved.lab.lab("kill", OFFSITE)
    saved.lab.lab("start", OFFSITE)
    saved.lab.ssh(HOST, "while systemctl is-active im-restic@postgresql | grep -q activating; do sleep 1; done")
    save(saved)
    assert restore_test(saved)[1]["good"]
    saved.lab.ssh(HOST, f"rm {BALLAST}")


def test_a_place_that_is_full_is_said_and_keeps_what_it_has(saved: Deployed) -> None:
    saved.lab.ssh(OFFSITE, "systemctl stop im-copies")
    is_full(saved, OFFSITE, COPIES)
    saved.lab.ssh(OFFSITE, "systemctl start im-copies")
    saved.lab.ssh(HOST, f"head -c 40M /dev/urandom >{BALLAST}")
    assert f"postgresql did not reach offsite (rest:https://{OFFSITE}:8434/{HOST}/): " in save(saved, check=False)
    assert restore_test(saved)[1]["good"]
    has_room(saved, OFFSITE, COPIES)
    save(saved)
    assert restore_test(saved)[1]["good"]
    saved.lab.ssh(HOST, f"rm {BALLAST}")


def test_a_full_repository_is_said_and_keeps_what_it_has(saved: Deployed) -> None:
    is_full(saved, HOST, DISK)
    sql(saved, HOST, "CREATE TABLE ballast AS SELECT md5(random()::text) FROM generate_series(1, 500000)")
    backup, begun = "im-postgresql-backup@incr", saved.lab.ssh(HOST, "date +%s").stdout.strip()
    assert saved.lab.ssh(HOST, f"systemctl start {backup}", check=False).returncode
    told = saved.lab.ssh(HOST, f"journalctl --unit {backup} --output cat --since @{begun}").stdout
    assert re.search(f"no backup: pgBackRest ended with [0-9]+; {REPOSITORY} has [0-4] MB of room left", told)
    assert restore_test(saved)[1]["good"]
    has_room(saved, HOST, DISK)
    sql(saved, HOST, "DROP TABLE ballast")
    backed_up(saved, HOST, "incr")
    reaches_offsite(saved, HOST, HOST)
    assert restore_test(saved)[1]["good"]


def test_a_missing_piece_of_the_log_is_said(saved: Deployed) -> None:
    for _ in range(3):
        sql(saved, HOST, "SELECT pg_create_restore_point('more')")
        reaches_offsite(saved, HOST, HOST)
    pieces = f"find {REPOSITORY}/archive -type f -name '0000000*.zst' | sort | tail -n 2 | head -n 1"
    missing = saved.lab.ssh(HOST, pieces).stdout.strip()
    saved.lab.ssh(HOST, f"mv {missing} /root/")
    save(saved)
    said, report = restore_test(saved, check=False)
    assert "the log is broken: it can be followed to" in said
    assert not report["good"]
    saved.lab.ssh(HOST, f"mv /root/{Path(missing).name} {missing}")
    save(saved)
    assert restore_test(saved)[1]["good"]


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        ("/etc/im-restic/password", "the key of this host does not open it"),
        ("/etc/pgbackrest/conf.d/cipher.conf", "it has another key, or is damaged"),
    ],
)
def test_a_wrong_key_is_said(saved: Deployed, file: str, sentence: str) -> None:
    saved.lab.ssh(HOST, f"cp -a {file} /root/kept && sed -i 's/[0-9a-f]$/x/' {file}")
    assert sentence in restore_test(saved, check=False)[0]
    saved.lab.ssh(HOST, f"cp -a /root/kept {file}")
    assert restore_test(saved)[1]["good"]


def changed(site: Deployed, work_mem: str, **more: Any) -> str:
    """What is said to another setting of PostgreSQL, now that the gate is declared."""
    config = yaml.safe_load(site.lab.stack_file.read_text())["config"]
    settings = {"im:require_restore_test": "7d", "im:postgresql": {"parameters": {"work_mem": work_mem}}}
    site.lab.declare({**config, **settings, **{f"im:{name}": value for name, value in more.items()}})
    done = site.apply(check=False)
    return done.stdout + done.stderr


def work_mem(site: Deployed) -> str:
    return sql(site, HOST, "SHOW work_mem")


def test_a_damaged_copy_closes_the_gate_and_a_good_test_opens_it(saved: Deployed) -> None:
    copies, kept, before = f"{COPIES}/{HOST}", f"/root/{HOST}", work_mem(saved)
    damage = f"find {copies}/data -type f -size +40k -exec dd if=/dev/zero of={{}} bs=1 seek=9000 count=99 conv=notrunc"
    saved.lab.ssh(OFFSITE, f"cp -a {copies} {kept} && {damage} \\;")
    told, report = restore_test(saved, check=False)
    assert "the copy is damaged" in told
    assert not report["good"]
    said = changed(saved, "5MB")
    assert f"{HOST}/postgresql: not changed: the newest restore test, " in said
    assert f" ago, was not good: {report['problem']}; run scripts/restore-test {saved.lab.stack}" in said
    assert work_mem(saved) == before
    saved.lab.ssh(OFFSITE, f"rm -r {copies} && mv {kept} {copies}")
    assert restore_test(saved)[1]["good"]
    changed(saved, "5MB")
    assert work_mem(saved) == "5MB"


def test_the_gate_closes_with_time_for_data_stores_alone(saved: Deployed) -> None:
    saved.lab.ssh(HOST, f'sed -i \'s/"begun": "[^"]*"/"begun": "2026-01-02T03:00:00Z"/\' {NEWEST_REPORT}')
    assert re.search(
        f"{HOST}/postgresql: not changed: the newest good restore test is [0-9]+ d old, and 7 d are allowed;"
        f" run scripts/restore-test {saved.lab.stack}",
        changed(saved, "6MB"),
    )
    said = changed(saved, "5MB", haproxy={"max_connections": 1_000})
    assert "1 changed" in said
    assert work_mem(saved) == "5MB"


def test_somebody_can_answer_for_a_change(saved: Deployed) -> None:
    word = {"reason": "the disk is being replaced", "until": "9999-12-31"}
    said = changed(saved, "6MB", restore_test_override=word)
    assert f"{HOST}/postgresql: changed although the newest good restore test is " in said
    assert "; overridden until 9999-12-31: the disk is being replaced" in said
    assert work_mem(saved) == "6MB"
