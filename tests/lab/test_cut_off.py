"""A change is cut off at any moment: killed, or with the power, or the whole run. The next one ends as if nothing was.

By default some moments are tried; `--every-cut` tries all.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lab import cuts
from tests.lab.agent_session import AgentSession, changed_bundle
from tests.lab.conftest import LabFactory
from tests.lab.cuts import Cut, run_until
from tests.lab.private_lab import PrivateLab

HOST = "web"
HOSTS = {HOST: {"address": "10.77.207.11"}}
UNIT = "[Service]\nExecStart=/bin/sh /etc/greet.sh\n[Install]\nWantedBy=multi-user.target\n"
SILENCE = "SILENCE_SECONDS = 60"
AT_FSYNC = f"""\
{SILENCE}
import time as _time
_synced = []
def _cut(descriptor, fsync=os.fsync):
    fsync(descriptor)
    _synced.append(descriptor)
    if len(_synced) == %d:
        %s
os.fsync = _cut"""
DIE = "os.kill(os.getpid(), 9)"
WAIT = "open('/run/cut', 'w').close(); _time.sleep(600)"
SEEN = r"""
cd /
for path in /etc/systemd/system/greet.service /etc/greet.sh /etc/motd /etc/greet.d/deep/new /etc/greet.old \
    /srv/greet /srv/greet/first /srv/greet/then; do
    [ ! -e "$path" ] || stat -c '%n %a %U %F' "$path"
    [ ! -f "$path" ] || cat "$path"
done
systemctl is-active greet
systemctl is-enabled greet 2>/dev/null
systemctl show --property NeedDaemonReload greet
echo "accounts: $(grep -c '^greet:' /etc/passwd), processes: $(pgrep -fcx 'sleep 4712')"
find /etc /srv /var/lib/onprem -name '.*.onprem' -o -name transaction -o -name left -o -name armed
"""


def file(content: str, mode: str = "0644") -> dict[str, str]:
    return {"content": content, "mode": mode, "owner": "root", "group": "root"}


def declared(version: str, **changes: Any) -> dict[str, Any]:
    """Something of every kind that differs between `old` and `new`."""
    extra = {"new": {"/etc/greet.d/deep/new": file("new\n")}, "old": {"/etc/greet.old": file("old\n")}}[version]
    reads = {name: f"cat /srv/greet/{name} 2>/dev/null || true" for name in ("first", "then")}
    return {
        "files": {
            "/etc/systemd/system/greet.service": file(f"# {version}\n{UNIT}"),
            "/etc/greet.sh": file(f"# {version}\nsleep 4712\n"),
            "/etc/motd": file(f"{version}\n${{secret:word}}\n", "0600"),
            **extra,
        },
        "secrets": {"word": "canary.0123456789"},
        "users": {"greet": {"system": True, "home": "/srv/greet", "shell": "/usr/sbin/nologin", "groups": []}},
        "directories": {
            "/srv/greet": {"mode": "0755" if version == "old" else "0700", "owner": "root", "group": "root"}
        },
        "units": {"greet.service": {"running": True, "enabled": version == "new", "restart_on": ["/etc/greet.sh"]}},
        "validate": {"/etc/greet.sh": "sh -n {staged}"},
        "steps": {
            name: {"read": reads[name], "want": version, "act": f"echo {version} >/srv/greet/{name}", "when": when}
            for name, when in (("first", "before_start"), ("then", "healthy"))
        },
        "healthy": {"command": "systemctl is-active greet", "seconds": 10},
        **changes,
    }


OLD, NEW = declared("old"), declared("new")


@pytest.fixture(scope="module")
def hosts(lab: LabFactory) -> PrivateLab:
    made = lab({"onprem:hosts": HOSTS})
    made.ssh(HOST, "echo original >/etc/motd")
    return made


@pytest.fixture(scope="module")
def every(request: pytest.FixtureRequest) -> bool:
    """Whether all moments are tried."""
    return bool(request.config.getoption("--every-cut"))


def seen(hosts: PrivateLab) -> str:
    return hosts.ssh(HOST, SEEN, check=False).stdout


def change(hosts: PrivateLab, op: str, state: dict[str, Any], previous: dict[str, Any]) -> None:
    with AgentSession(hosts.stack, HOST) as agent:
        agent.request(op, service="greet", declared=state, previous=previous)


def was_cut_off(hosts: PrivateLab, op: str, state: dict[str, Any], moment: int, how: str = DIE) -> bool:
    """Asks for a change whose agent is cut off after its `moment`th fsync; whether it came to that."""
    with AgentSession(hosts.stack, HOST, changed_bundle("main", SILENCE, AT_FSYNC % (moment, how))) as agent:
        agent.send(op, service="greet", declared=state, previous=OLD)
        if how == DIE:
            return not agent.answered()
        hosts.ssh(HOST, "until [ -e /run/cut ]; do sleep 0.1; done")
        hosts.lab("kill", HOST)
        agent.process.kill()
        agent.process.wait()
    hosts.lab("start", HOST)
    return True


@pytest.fixture(scope="module")
def states(hosts: PrivateLab) -> dict[str, str]:
    """What is seen when nothing is cut off: before us, with `old`, with `new`."""
    found = {"bare": seen(hosts)}
    for name, state, previous in (("new", NEW, {}), ("old", OLD, NEW)):
        change(hosts, "apply", state, previous)
        found[name] = seen(hosts)
    return found


def moments(every: bool, some: tuple[int, ...]) -> Iterator[int]:
    yield from range(1, 200) if every else some


def test_an_update_whose_agent_is_killed(hosts: PrivateLab, states: dict[str, str], every: bool) -> None:
    for moment in moments(every, (1, 19, 27, 37, 44, 46)):
        if not was_cut_off(hosts, "apply", NEW, moment):
            break
        if moment % 2 == 0:
            change(hosts, "apply", NEW, NEW)
            assert seen(hosts) == states["new"], f"cut off at fsync {moment}"
        change(hosts, "apply", OLD, NEW)
        assert seen(hosts) == states["old"], f"cut off at fsync {moment}"


def test_an_update_whose_host_loses_its_power(hosts: PrivateLab, states: dict[str, str], every: bool) -> None:
    for moment in range(2, 48, 5) if every else (36, 45):
        was_cut_off(hosts, "apply", NEW, moment, WAIT)
        change(hosts, "apply", OLD, NEW)
        assert seen(hosts) == states["old"], f"cut off at fsync {moment}"


def test_undoing_what_was_cut_off_is_cut_off_too(hosts: PrivateLab, states: dict[str, str], every: bool) -> None:
    for moment in moments(every, (1, 5)):
        was_cut_off(hosts, "apply", NEW, 40)
        hit = was_cut_off(hosts, "apply", OLD, moment)
        change(hosts, "apply", OLD, OLD)
        assert seen(hosts) == states["old"], f"cut off at fsync {moment}"
        if not hit:
            break


def test_a_removal_that_is_cut_off_and_then_not_wanted(hosts: PrivateLab, states: dict[str, str], every: bool) -> None:
    leaving = declared("old", leave="echo once >>/run/left")
    for moment in moments(every, (1, 3)):
        hosts.ssh(HOST, "rm -f /run/left")
        hit = was_cut_off(hosts, "delete", leaving, moment)
        change(hosts, "apply", leaving, leaving)
        assert seen(hosts) == states["old"], f"cut off at fsync {moment}"
        change(hosts, "delete", leaving, leaving)
        assert seen(hosts).splitlines()[:2] == states["bare"].splitlines()[:2]
        assert hosts.ssh(HOST, "cat /run/left").stdout == "once\nonce\n"
        change(hosts, "apply", OLD, {})
        if not hit:
            break


PROGRAM = """
from pathlib import Path

import pulumi

from components.resources import File, Health, Host, Service, ServiceState, Step, Unit

version = Path(__file__).with_name("version").read_text()
files = {
    "/etc/clock.sh": File(content=f"# {version}\\nexec sleep 4713\\n"),
    "/etc/systemd/system/clock.service": File(content="[Service]\\nExecStart=/bin/sh /etc/clock.sh\\n"),
}
units = {"clock.service": Unit(enabled=False, restart_on=("/etc/clock.sh",))}
steps = {"set": Step(read="cat /srv/clock || true", want=version, act=f"sleep 2; echo {version} >/srv/clock")}
state = ServiceState(
    packages={"bc": ""}, files=files, units=units, steps=steps, healthy=Health(command="systemctl is-active clock")
)
machine = Host("web", {"cores": 1}, [], pulumi.ResourceOptions())
clock = Service("web", "clock", state, pulumi.ResourceOptions(depends_on=[machine]))
hand = ServiceState(files={"/etc/clock.hand": File(content=f"{version}\\n")})
Service("web", "hand", hand, pulumi.ResourceOptions(depends_on=[clock]))
"""
CLOCK = r"""
cat /etc/clock.sh /etc/clock.hand /srv/clock
systemctl is-active clock
echo "processes: $(pgrep -fcx 'sleep 4713'), packages: $(dpkg --audit)$(dpkg-query -W -f '${db:Status-Status}' bc)"
find / -xdev -name '.*.onprem' -o -path '/var/lib/onprem/*' -name transaction -o -name policy-rc.d
"""
FIRST_RUNS: tuple[tuple[str, Cut], ...] = (
    ("installing", cuts.killed),
    ("installing", cuts.powered_off),
    ("start", cuts.without_ssh),
    ("step set", cuts.interrupted),
)
LATER_RUNS: tuple[tuple[str, Cut], ...] = (
    ("restart", cuts.powered_off),
    ("healthy", cuts.killed),
    ("step set", cuts.without_ssh),
)


class Clock:
    """A small program that is deployed without the engine."""

    def __init__(self, lab: PrivateLab, folder: Path) -> None:
        self.lab, self.folder = lab, folder
        (folder / "Pulumi.yaml").write_text("name: clock\nruntime: python\n")
        (folder / "__main__.py").write_text(PROGRAM)
        saved = str(folder / "saved")
        self.command = ["scripts/apply", lab.stack, "--program", str(folder), "--saved", saved]

    def declare(self, version: str) -> None:
        (self.folder / "version").write_text(version)

    def deploy_cut_off(self, stage: str, cut: Cut) -> None:
        run, _ = run_until(self.lab, self.command, HOST, [("clock", stage)])
        cut(run, HOST)

    def converges(self, version: str) -> None:
        self.lab.run(self.command)
        again = self.lab.run(self.command).stdout.splitlines()[-1]
        assert again == f"{self.lab.stack}: 0 created, 0 changed, 3 unchanged"
        assert self.lab.ssh(HOST, CLOCK).stdout == (
            f"# {version}\nexec sleep 4713\n{version}\n{version}\nactive\nprocesses: 1, packages: installed\n"
        )


@pytest.fixture(scope="module")
def clock(hosts: PrivateLab, tmp_path_factory: pytest.TempPathFactory) -> Clock:
    return Clock(hosts, tmp_path_factory.mktemp("clock"))


def test_a_first_run_that_is_cut_off_again_and_again(clock: Clock) -> None:
    clock.declare("1")
    for stage, cut in FIRST_RUNS:
        clock.deploy_cut_off(stage, cut)
    clock.converges("1")


def test_a_later_run_that_is_cut_off_again_and_again(clock: Clock) -> None:
    clock.declare("2")
    for stage, cut in LATER_RUNS:
        clock.deploy_cut_off(stage, cut)
    clock.converges("2")
