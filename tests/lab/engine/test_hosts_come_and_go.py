"""While people chat on `test`: an IM host is added, dies and is made anew, leaves, dies for good; then all IM servers
restart, and the internal CA is exchanged. Nothing may be lost. Only with `--cluster`: it takes half an hour.
"""

import json
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from commands.lab.lab import lab_of
from tests.lab.conftest import labs
from tests.lab.engine.engine_stack import EngineStack
from tests.topologies import TEST

TWO, THREE = ("im1", "im2"), ("im1", "im2", "im3")
HOSTS: Mapping[str, Any] = {**TEST["onprem:hosts"], "im3": {"address": "10.77.2.14", "user": "root"}}
GROWN: Mapping[str, Any] = {**TEST, "onprem:hosts": HOSTS, "im:roles": {**TEST["im:roles"], "im": list(THREE)}}
LEAVING: Mapping[str, Any] = {**GROWN, "im:leaving": {"im": ["im3"]}}
RESTARTING: Mapping[str, Any] = {**TEST, "im:ejabberd": {"open_files": 10_001}}
CAS: tuple[Mapping[str, Any], ...] = (
    {"ca": 1, "trusted_cas": [1, 2]},
    {"ca": 2, "trusted_cas": [1, 2]},
    {"ca": 2, "trusted_cas": [2]},
)
ERLANG_READS_AGAIN_SECONDS = 130
LOSSES = (
    "status",
    "lost",
    "unseen",
    "not_in_senders_archive",
    "not_in_recipients_archive",
    "archives_unread",
    "rows_lost",
    "two_primaries",
)


@dataclass(frozen=True)
class Cluster:
    """The stack `test`, deployed."""

    stack: EngineStack

    def declare(self, config: Mapping[str, Any]) -> None:
        """The stack file, and the lab hosts that it names."""
        self.stack.lab.declare(config)
        self.stack.lab.lab("up")

    def losses(self, before: Sequence[str], after: Sequence[str], *words: str, gone: str = "") -> dict[str, Any]:
        """What people lost while `pulumi up WORDS…` ran; empty when that is nothing. BEFORE and AFTER are IM hosts."""
        command = ["env", f"ONPREM_GONE={gone}", *self.stack.command("up", "--yes", "--skip-preview", *words)]
        chat = ["scripts/python", "-m", "tests.lab.chat_while", self.stack.lab.stack, ",".join(before), ",".join(after)]
        found = json.loads(self.stack.lab.run([*chat, *command]).stdout)
        print(json.dumps(found), flush=True)
        return {name: found[name] for name in LOSSES if found[name]}

    def replace(self, host: str) -> None:
        """Its power goes, and a new machine comes in its place."""
        lab_of(self.stack.lab.stack).machine(host).remove()
        self.stack.lab.lab("up")

    def forgets(self, address: str) -> bool:
        """Whether no IM server counts on a member there."""
        told = [self.stack.lab.ssh(host, "ejabberdctl mnesia_info").stdout for host in TWO]
        return not any(f"ejabberd@{address}" in text for text in told)

    def members(self) -> list[str]:
        """The IM servers that the first one is together with."""
        listed = self.stack.lab.ssh("im1", "ejabberdctl list_cluster").stdout
        return sorted(line.strip("'").partition("@")[2] for line in listed.split())


@pytest.fixture(scope="module")
def cluster(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Of two IM hosts."""
    if not request.config.getoption("--cluster"):
        pytest.skip("only with --cluster")
    if shutil.which("pulumi") is None:
        pytest.skip("needs the Pulumi engine: no pulumi on PATH")
    with labs(tmp_path_factory) as make:
        stack = EngineStack(make(TEST))
        stack.pulumi("stack", "init")
        stack.up()
        yield Cluster(stack)


def test_a_host_that_is_added_joins(cluster: Cluster) -> None:
    cluster.declare(GROWN)
    assert cluster.losses(TWO, THREE) == {}
    assert cluster.members() == ["10.77.2.11", "10.77.2.12", "10.77.2.14"]


def test_a_new_machine_takes_the_place_of_a_dead_one(cluster: Cluster) -> None:
    cluster.replace("im3")
    assert cluster.losses(TWO, THREE, "--refresh") == {}
    assert cluster.members() == ["10.77.2.11", "10.77.2.12", "10.77.2.14"]


def test_a_host_that_is_taken_away_leaves(cluster: Cluster) -> None:
    cluster.declare(LEAVING)
    assert cluster.losses(THREE, TWO) == {}
    assert cluster.members() == ["10.77.2.11", "10.77.2.12"]
    cluster.declare(TEST)
    assert cluster.losses(TWO, TWO) == {}


def test_one_that_never_comes_back_is_forgotten(cluster: Cluster) -> None:
    cluster.declare(GROWN)
    cluster.stack.up()
    cluster.declare(LEAVING)
    cluster.stack.lab.lab("kill", "im3")
    assert cluster.losses(TWO, TWO, gone="im3") == {}
    assert cluster.forgets("10.77.2.14")
    cluster.declare(TEST)
    assert cluster.losses(TWO, TWO) == {}


def test_all_im_servers_restart_one_after_the_other(cluster: Cluster) -> None:
    cluster.declare(RESTARTING)
    assert cluster.losses(TWO, TWO) == {}


def test_another_ca_comes_in_three_runs(cluster: Cluster) -> None:
    for run in CAS:
        time.sleep(ERLANG_READS_AGAIN_SECONDS if run is CAS[-1] else 0)
        cluster.declare({**TEST, "im:certificates": run})
        assert cluster.losses(TWO, TWO) == {}, run
