"""`pulumi up` is cut off at many points of a first deployment and of an update; each time the next run converges.

By default some points are tried; `--every-cut` tries all. The runs are chained: what one left is what the next one
finds, which is cut off at a later point, until the last one is let through and nothing differs.
"""

import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
import yaml

from tests.lab import cuts
from tests.lab.conftest import labs
from tests.lab.cuts import Cut, run_until
from tests.lab.engine.conftest import HOST
from tests.lab.engine.engine_stack import EngineStack, errors
from tests.lab.private_lab import ROOT

UP = ("up", "--yes", "--skip-preview", "--refresh")
PASSWORD = "Kept-4d1c7a90e2b85f36"  # noqa: S105 - of an account that is made here
PSQL = "cd / && runuser -u postgres -- psql -XAtq -v ON_ERROR_STOP=1 -d im"
TABLE = "SET ROLE ejabberd; CREATE TABLE kept AS SELECT generate_series(1, 1000)"


@dataclass(frozen=True)
class Point:
    """Where a run is cut off: as the change of a service comes to a stage, and how. `always`: by default, too."""

    service: str
    stage: str
    cut: Cut
    always: bool = False

    def __str__(self) -> str:
        return f"{self.service}, {self.stage}: {self.cut.__name__}"


FIRST = (
    Point("system", "staging /etc/hosts", cuts.killed),
    Point("time", "installing", cuts.powered_off),
    Point("ssh", "reload", cuts.killed),
    Point("firewall", "start", cuts.powered_off),
    Point("etcd", "installing", cuts.without_ssh),
    Point("etcd", "start", cuts.killed),
    Point("etcd", "healthy", cuts.without_provider),
    Point("rabbitmq", "installing", cuts.powered_off, always=True),
    Point("rabbitmq", "start", cuts.killed),
    Point("rabbitmq", "step definitions", cuts.interrupted),
    Point("redis", "installing", cuts.without_provider),
    Point("redis", "start", cuts.powered_off),
    Point("postgresql", "installing", cuts.killed),
    Point("postgresql", "start", cuts.powered_off, always=True),
    Point("postgresql", "step role", cuts.without_ssh),
    Point("postgresql", "step database", cuts.killed),
    Point("haproxy-local", "installing", cuts.interrupted),
    Point("ejabberd", "installing", cuts.powered_off),
    Point("ejabberd", "step schema", cuts.killed, always=True),
    Point("ejabberd", "start", cuts.unplugged),
    Point("haproxy", "installing", cuts.without_ssh),
    Point("haproxy", "validating", cuts.without_provider),
    Point("haproxy", "(re)?start", cuts.killed),
)

ROUNDS = (
    (
        Point("ssh", "validating", cuts.without_provider),
        Point("firewall", "reload", cuts.killed, always=True),
        Point("etcd", "restart", cuts.powered_off),
        Point("rabbitmq", "restart", cuts.without_ssh, always=True),
        Point("postgresql", "step cluster settings", cuts.powered_off, always=True),
        Point("ejabberd", "restart", cuts.killed, always=True),
        Point("haproxy", "restart", cuts.interrupted),
    ),
    (
        Point("system", "restart", cuts.powered_off),
        Point("ssh", "reload", cuts.powered_off),
        Point("firewall", "step", cuts.without_ssh),
        Point("redis", "restart", cuts.killed),
        Point("rabbitmq", "healthy", cuts.powered_off),
        Point("postgresql", "reload", cuts.killed),
        Point("haproxy-local", "reload", cuts.without_provider),
        Point("ejabberd", "healthy", cuts.without_ssh),
        Point("haproxy", "staging", cuts.powered_off),
    ),
    (
        Point("ssh", "healthy", cuts.without_ssh),
        Point("etcd", "healthy", cuts.killed),
        Point("redis", "healthy", cuts.powered_off),
        Point("rabbitmq", "restart", cuts.interrupted),
        Point("postgresql", "step cluster settings", cuts.killed),
        Point("haproxy-local", "healthy", cuts.powered_off),
        Point("ejabberd", "restart", cuts.powered_off),
        Point("haproxy", "healthy", cuts.unplugged),
    ),
)


def settings(number: int) -> dict[str, Any]:
    """Another value for each service, so that every one of them is changed."""
    return {
        "im:administrators": {"networks": ["10.77.1.1/32", "fd77:1::1/128", f"192.0.2.{number}/32"]},
        "im:system": {"host_kernel": False, "journal_days": 30 + number},
        "im:ssh": {"idle_minutes": 10 + number},
        "im:etcd": {"heartbeat_milliseconds": 100 + number, "election_milliseconds": 1500},
        "im:rabbitmq": {"tick_seconds": 15 + number},
        "im:redis": {"max_connections": 1000 + number},
        "im:postgresql": {"max_connections": 100 + number, "failover_seconds": 20 + number},
        "im:haproxy_local": {"max_connections": 2000 + number},
        "im:ejabberd": {"processes": 500_000 + number},
        "im:haproxy": {"max_connections": 4000 + number},
    }


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineStack]:
    """The stack `dev` before anything was deployed."""
    if shutil.which("pulumi") is None:
        pytest.skip("needs the Pulumi engine: no pulumi on PATH")
    stack_file = yaml.safe_load((ROOT / "stacks" / "Pulumi.dev.yaml").read_text())
    with labs(tmp_path_factory) as make:
        stack = EngineStack(make(stack_file["config"]))
        stack.pulumi("stack", "init")
        yield stack


@pytest.fixture(scope="module")
def every(request: pytest.FixtureRequest) -> bool:
    """Whether all of them are tried."""
    return bool(request.config.getoption("--every-cut"))


@pytest.fixture(scope="module")
def deployed(bare: EngineStack, every: bool) -> EngineStack:
    """Deployed by a chain of runs, all but the last cut off; what is written to the database meanwhile stays."""
    chain = chosen(FIRST, every)
    last = next(at for at, point in enumerate(chain) if point.service == "ejabberd") + 1
    cut_off_again_and_again(bare, chain[:last])
    store(bare)
    cut_off_again_and_again(bare, chain[last:])
    converges(bare)
    bare.lab.ssh(HOST, "/usr/local/lib/im/account add kept", stdin=PASSWORD)
    return bare


def chosen(points: Sequence[Point], every: bool) -> list[Point]:
    return [point for point in points if every or point.always]


def cut_off_again_and_again(stack: EngineStack, points: Sequence[Point]) -> None:
    """Each run is cut off at the first of the points that are left; what it left is cleared by our command.

    A run goes on after some cuts, with services that do not need the one that failed: their points are passed by. Which
    these are differs from run to run: etcd, RabbitMQ and Redis come in any order. At least half are tried.
    """
    left = list(points)
    while left and any(point.service == points[-1].service for point in left):
        run, at = run_until(stack.lab, stack.command(*UP), HOST, [(point.service, point.stage) for point in left])
        point = left.pop(at)
        point.cut(run, HOST)
        print(f"{point}: ended with {run.process.returncode}", *errors(run.said), sep="\n  ", flush=True)
        recover(stack)
    print("passed by:", *left, sep="\n  ", flush=True)
    assert len(left) <= len(points) // 2


def recover(stack: EngineStack) -> str:
    """What `scripts/recover` says; a second one finds nothing."""
    command = ["scripts/recover", stack.lab.stack, "--kept", str(stack.lab.stacks.parent / "kept")]
    said = stack.lab.run(command).stdout
    assert stack.lab.run(command).stdout == f"{stack.lab.stack}: nothing to clear\n"
    return said


def converges(stack: EngineStack) -> None:
    """The next run goes through, then nothing differs, and nothing of the runs before is left."""
    done = stack.up("--refresh")
    assert "error:" not in done.stdout
    stack.pulumi("preview", "--refresh", "--expect-no-changes")
    stack.verify()
    assert tidy(stack) == TIDY


def store(stack: EngineStack) -> None:
    """Rows in a table of their own, once PostgreSQL is a primary again."""
    stack.lab.ssh(HOST, f"until {PSQL} -c '{TABLE}'; do sleep 1; done")


def stored(stack: EngineStack) -> list[str]:
    """The number of rows, and the accounts."""
    asked = "SELECT count(*) FROM kept; SELECT username FROM users WHERE username = $$kept$$"
    return stack.lab.ssh(HOST, f"{PSQL} -c '{asked}'").stdout.split()


def generated(stack: EngineStack) -> dict[str, str]:
    """Passwords and keys."""
    exported = json.loads(stack.pulumi("stack", "export", "--show-secrets").stdout)
    kinds = ("random:index/randomPassword:RandomPassword", "tls:index/privateKey:PrivateKey")
    found = [each for each in exported["deployment"]["resources"] if each["type"] in kinds]
    values = {each["urn"]: each["outputs"].get("result") or each["outputs"]["privateKeyPem"] for each in found}
    return {urn: str(value["plaintext"]) for urn, value in values.items()}


TIDY_SCRIPT = r"""
echo "unfinished: $(ls -d /var/lib/onprem/services/*/transaction* /var/lib/onprem/armed 2>/dev/null | wc -l)"
echo "armed units: $(systemctl list-units --all --plain --no-legend 'onprem*' | wc -l)"
echo "temporary files: $(find / -xdev -name '.*.onprem' | wc -l)"
echo "policy: $(ls /usr/sbin/policy-rc.d 2>/dev/null)"
echo "packages half installed: $(dpkg --audit)$(ls /var/lib/dpkg/updates)"
echo "package managers at work: $(pgrep -c 'apt|dpkg')"
echo "failed units: $(systemctl list-units --failed --plain --no-legend)"
echo "accounts twice: $(cut -d: -f1 /etc/passwd | sort | uniq -d)"
echo "tables: $(nft list tables)"
echo "rabbitmq users: $(rabbitmqctl -q list_users --no-table-headers | cut -f1 | sort | tr '\n' ' ')"
echo "servers: etcd $(pgrep -cx etcd), redis $(pgrep -cx redis-server), erlang $(pgrep -cx beam.smp),\
 postgresql $(pgrep -fc '^/usr/lib/postgresql/15/bin/postgres ')"
"""
TIDY = """\
unfinished: 0
armed units: 0
temporary files: 0
policy:\x20
packages half installed:\x20
package managers at work: 0
failed units:\x20
accounts twice:\x20
tables: table inet im
rabbitmq users: im\x20
servers: etcd 1, redis 1, erlang 2, postgresql 1
"""


def tidy(stack: EngineStack) -> str:
    """What is there once and what should not be there at all."""
    return stack.lab.ssh(HOST, TIDY_SCRIPT).stdout


def test_a_first_deployment_that_was_cut_off_ends_as_one_that_was_not(deployed: EngineStack) -> None:
    assert stored(deployed) == ["1000", "kept"]


@pytest.mark.parametrize("number", range(len(ROUNDS)))
def test_an_update_that_was_cut_off_ends_as_one_that_was_not(deployed: EngineStack, every: bool, number: int) -> None:
    chain = chosen(ROUNDS[number], every)
    if not chain:
        pytest.skip("only with --every-cut")
    before = generated(deployed)
    with deployed.configured(settings(number + 1)):
        cut_off_again_and_again(deployed, chain)
        converges(deployed)
        print(f"round {number}: converged")
    deployed.up("--refresh")

    assert stored(deployed) == ["1000", "kept"]
    assert generated(deployed) == before


FOUND_ANEW = r"""
set -e
systemctl stop patroni
rm -rf /var/lib/postgresql/15/im /var/lib/postgresql/15/im.cut-off
. /etc/default/etcd
ETCDCTL_API=2 etcdctl --endpoints "$ETCD_ADVERTISE_CLIENT_URLS" --ca-file "$ETCD_TRUSTED_CA_FILE" \
    --cert-file "$ETCD_CERT_FILE" --key-file "$ETCD_KEY_FILE" rm -r /service/im
systemctl start patroni
until [ -e /var/lib/postgresql/15/im/{file} ]; do sleep 0.01; done
"""
SERVES = "for _ in $(seq 90); do /usr/local/lib/im/patroni-order healthy && exit; sleep 1; done; exit 1"


def test_a_founding_that_loses_its_power_begins_again_at_boot(deployed: EngineStack, every: bool) -> None:
    """The last test: it takes the database away."""
    for file in ("global", "global/pg_control", "base/4", "postmaster.pid") if every else ("global/pg_control",):
        deployed.lab.ssh(HOST, FOUND_ANEW.format(file=file))
        deployed.lab.lab("kill", HOST)
        deployed.lab.lab("start", HOST)
        deployed.lab.ssh(HOST, SERVES)
    deployed.up("--refresh")
    deployed.pulumi("preview", "--refresh", "--expect-no-changes")
