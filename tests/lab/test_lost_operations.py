"""The host of operations is lost, with the repository on it, then all but offsite: new machines go on with the copy."""

import json
import secrets
import time
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml

from commands.lab.lab import lab_of
from tests.lab import chat_session
from tests.lab.conftest import LabFactory
from tests.lab.deployed import Deployed
from tests.lab.private_lab import ROOT
from tests.lab.saved import backed_up, reaches_offsite, restore, restore_test, sql

HOST, KEEPER, OFFSITE = "dev1", "op1", "far1"
PEOPLE, TALK_SECONDS, RPO_SECONDS = 8, 60, 60
INFO = "cd / && runuser -u postgres -- pgbackrest --stanza=im --output=json info"


@pytest.fixture(scope="module")
def site(lab: LabFactory, tmp_path_factory: pytest.TempPathFactory) -> Deployed:
    """One host with all roles but operations, whose full backup has reached offsite."""
    config: dict[str, Any] = yaml.safe_load((ROOT / "stacks" / "Pulumi.dev.yaml").read_text())["config"]
    config["onprem:hosts"] |= {
        name: {"address": f"10.77.1.{number}", "user": "root"} for name, number in ((KEEPER, 12), (OFFSITE, 13))
    }
    config["im:roles"] = {**config["im:roles"], "operations": [KEEPER], "offsite": [OFFSITE]}
    config["im:backups"] = {"enabled": True}
    made = Deployed(lab(config), tmp_path_factory.mktemp("saved"))
    made.apply()
    made.lab.ssh(HOST, "/usr/local/lib/im/account add alice", stdin=secrets.token_urlsafe(24) + "\n")
    backed_up(made, KEEPER, "full")
    reaches_offsite(made, HOST, KEEPER)
    return made


def backups(site: Deployed) -> list[str]:
    """The labels that the repository on the host of operations has."""
    (stanza,) = json.loads(site.lab.ssh(KEEPER, INFO).stdout)
    return [each["label"] for each in stanza["backup"]]


def test_a_new_machine_has_the_old_backups(site: Deployed) -> None:
    before = backups(site)
    machine = lab_of(site.lab.stack).machine(KEEPER)
    machine.kill()
    sql(site, HOST, "SELECT pg_create_restore_point('nobody takes it'); SELECT pg_switch_wal()")
    machine.remove()
    site.lab.lab("up")
    site.apply()
    assert backups(site)[: len(before)] == before


def test_backups_go_on_from_them(site: Deployed) -> None:
    backed_up(site, KEEPER, "incr")
    newest = backups(site)[-1]
    assert newest.endswith("I")
    reaches_offsite(site, HOST, KEEPER)
    _, report = restore_test(site)
    assert report["good"]
    assert report["backup"] >= newest


def test_a_copy_can_be_named(site: Deployed) -> None:
    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    _, report = restore_test(site, "--copy", now)
    assert report["good"]


def test_the_repository_alone_comes_back_while_the_database_goes_on(site: Deployed) -> None:
    begun = sql(site, HOST, "SELECT pg_postmaster_start_time()")
    site.lab.ssh(KEEPER, "rm -r /var/lib/pgbackrest/im/backup")
    site.lab.run(["scripts/restore", site.lab.stack, "--saved", str(site.saved), "--repository"])
    assert backups(site)
    assert sql(site, HOST, "SELECT pg_postmaster_start_time()") == begun


def test_messages_are_back_when_all_but_offsite_is_lost(site: Deployed, request: pytest.FixtureRequest) -> None:
    if not request.config.getoption("--cluster"):
        pytest.skip("only with --cluster")
    machines = [lab_of(site.lab.stack).machine(host) for host in (KEEPER, HOST)]
    accounts = chat_session.people(site, HOST, PEOPLE)
    site.lab.ssh(HOST, "systemctl start im-restic@files")
    talking = chat_session.begin(site, accounts)
    time.sleep(TALK_SECONDS)
    lost_at = time.time()
    for machine in machines:
        machine.kill()
    said = chat_session.end(talking)
    for machine in machines:
        machine.remove()
    site.lab.lab("up")
    site.apply()
    print(restore(site).stdout)
    print(f"RTO {time.time() - lost_at:.0f} s")
    ages = chat_session.ages_of_missing(said, chat_session.archives(site, accounts), lost_at)
    assert len(said.acknowledged) > TALK_SECONDS
    assert [age for age in ages if age > RPO_SECONDS] == []
    site.verify()
    backed_up(site, KEEPER, "incr")
    reaches_offsite(site, HOST, KEEPER)
    _, report = restore_test(site)
    assert report["good"]
