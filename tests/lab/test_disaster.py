"""A highly available stack whose primary dies, and whose database hosts are all lost: what the copies bring back."""

import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml

from commands.lab.lab import lab_of
from tests.lab import chat_session
from tests.lab.chat_session import Talk
from tests.lab.conftest import LabFactory
from tests.lab.deployed import Deployed
from tests.lab.private_lab import ROOT
from tests.lab.saved import backed_up, reaches_offsite, restore, restore_command, restore_test, sql

DATABASES, KEEPER, OFFSITE = ("im1", "im2"), "vote1", "far1"
PEOPLE = 8
TALK_SECONDS, RPO_SECONDS = 150, 60
WAIT_SECONDS = 180
OVERWRITE = ("--overwrite", "im1", "--overwrite", "im2")
PROGRAMS = ("etcd-member", "rabbitmq-member", "sentinel")
"""What a host that is left of clusters without their majority has of them."""


@dataclass
class Story:
    """The stack, its people, and what they said before the database hosts were lost."""

    site: Deployed
    accounts: dict[str, str]
    said: Talk = field(default_factory=lambda: Talk({}, {}))
    lost_at: float = 0


@pytest.fixture(scope="module")
def story(request: pytest.FixtureRequest, lab: LabFactory, tmp_path_factory: pytest.TempPathFactory) -> Story:
    """`test` with a host that is offsite. The witness keeps the repository."""
    if not request.config.getoption("--cluster"):
        pytest.skip("only with --cluster")
    config: dict[str, Any] = yaml.safe_load((ROOT / "stacks" / "Pulumi.test.yaml").read_text())["config"]
    config["onprem:hosts"][OFFSITE] = {"address": "10.77.2.14", "user": "root"}
    config["im:roles"] = {**config["im:roles"], "offsite": [OFFSITE]}
    config["im:backups"] = {"enabled": True}
    site = Deployed(lab(config), tmp_path_factory.mktemp("saved"))
    site.apply()
    accounts = chat_session.people(site, "im1", PEOPLE)
    backed_up(site, KEEPER, "full")
    return Story(site, accounts)


def until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(1)


def is_primary(site: Deployed, host: str) -> bool:
    return sql(site, host, "SELECT pg_is_in_recovery()", check=False) == "f"


def test_what_a_dead_primary_had_not_sent_is_sent_by_the_next(story: Story) -> None:
    site = story.site
    old, new = sorted(DATABASES, key=lambda host: not is_primary(site, host))
    site.lab.ssh(KEEPER, "systemctl stop pgbackrest")
    for _ in range(3):
        sql(site, old, "SELECT pg_create_restore_point('kept'); SELECT pg_switch_wal()")
    site.lab.lab("kill", old)
    until(lambda: is_primary(site, new), f"{new} does not become the primary")
    site.lab.ssh(KEEPER, "systemctl start pgbackrest")
    reaches_offsite(site, new, KEEPER)
    _, report = restore_test(site)
    assert report["good"]
    site.lab.lab("start", old)


def test_backups_go_on_from_another_primary(story: Story) -> None:
    backed_up(story.site, KEEPER, "incr")
    new = next(host for host in DATABASES if is_primary(story.site, host))
    reaches_offsite(story.site, new, KEEPER)
    _, report = restore_test(story.site)
    assert report["backup"].endswith("I")
    assert report["tables"]["public.users"]["restored"]["rows"] == PEOPLE


def test_all_but_the_last_minute_is_back_when_all_database_hosts_are_lost(story: Story) -> None:
    site = story.site
    machines = [lab_of(site.lab.stack).machine(host) for host in DATABASES]
    for host in DATABASES:
        site.lab.ssh(host, "systemctl start im-restic@files")
    talking = chat_session.begin(site, story.accounts)
    time.sleep(TALK_SECONDS)
    site.lab.ssh(KEEPER, "systemctl stop im-restic-postgresql.timer im-restic@postgresql.service")  # the rest is lost
    story.lost_at = time.time()
    for machine in machines:
        machine.kill()
    story.said = chat_session.end(talking)
    for machine in machines:
        machine.remove()
    site.lab.lab("up")
    site.lab.ssh(KEEPER, f"for each in {' '.join(PROGRAMS)}; do /usr/local/lib/im/$each abandon || exit; done")
    site.apply()
    print(restore(site).stdout)
    print(f"RTO {time.time() - story.lost_at:.0f} s")
    found = chat_session.archives(site, story.accounts)
    ages = chat_session.ages_of_missing(story.said, found, story.lost_at)
    assert len(story.said.acknowledged) > TALK_SECONDS
    assert [age for age in ages if age > RPO_SECONDS] == []


def test_a_restore_that_is_killed_can_be_run_again(story: Story) -> None:
    site, to = story.site, ("--to", f"{datetime.fromtimestamp(moment(story), UTC):%Y-%m-%dT%H:%M:%SZ}")
    argv = site.lab.argv("run", "--", *restore_command(site, *to, *OVERWRITE))
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout
        assert any("restoring the database" in line for line in process.stdout)
        time.sleep(1)
        process.kill()
    site.lab.ssh(DATABASES[0], "systemctl kill --kill-whom=main --signal=KILL 'run-*.service'")
    until(lambda: not site.lab.ssh(DATABASES[0], "pgrep -x postgres", check=False).stdout, "it goes on")
    print(restore(site, *to).stdout)


def moment(story: Story) -> float:
    return int(story.lost_at - RPO_SECONDS)


def test_the_message_before_a_moment_is_there_and_the_one_after_is_not(story: Story) -> None:
    found = chat_session.archives(story.site, story.accounts)
    before = [each for each, at in story.said.acknowledged.items() if at < moment(story) - 1]
    after = [each for each, at in story.said.sent.items() if at > moment(story)]
    print(f"{len(before)} before, {len(after)} after")
    assert before
    assert after
    assert chat_session.not_in_both(before, found) == []
    assert set(after) & set().union(*found.values()) == set()


def test_what_was_restored_is_saved_again(story: Story) -> None:
    story.site.verify()
    backed_up(story.site, KEEPER, "incr")
    reaches_offsite(story.site, DATABASES[0], KEEPER)
    _, report = restore_test(story.site)
    assert report["good"]
    assert report["message"] == "read back through a scratch IM server"
