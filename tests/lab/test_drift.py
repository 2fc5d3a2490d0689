"""Drift of a small service on two real hosts: found exactly, told over one connection, and nothing touched."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.lab.conftest import LabFactory
from tests.lab.deployed import Deployed
from tests.lab.private_lab import ROOT, PrivateLab

HOSTS = {"one": {"address": "10.77.204.11"}, "two": {"address": "10.77.204.12", "user": "ops"}}
CANARY = "canary-for-drift"
TREE = "/etc/greet /etc/systemd/system /var/lib/onprem /srv"
PROGRAM = f"""
import os, signal
import pulumi
from components.resources import Directory, File, Service, ServiceState, Step, Unit

if "PULUMI_ENGINE" in os.environ:
    signal.signal(signal.SIGINT, lambda *_: os._exit(130))
unit = "[Service]\\nExecStart=/bin/sleep 100000\\n[Install]\\nWantedBy=multi-user.target\\n"
for host in ("one", "two"):
    Service(
        host,
        "greet",
        ServiceState(
            directories={{"/srv/greet": Directory(mode="0750")}},
            files={{
                "/etc/greet/greeting": File(content="Hello\\n${{value:whom}}\\n"),
                "/etc/greet/secret": File(content="pw=${{secret:pw}}\\n", mode="0600"),
                "/etc/systemd/system/greet.service": File(content=unit),
            }},
            values={{"whom": "world"}},
            secrets={{"pw": "{CANARY}"}},
            units={{"greet.service": Unit(restart_on=("/etc/greet/greeting",))}},
            steps={{"stamp": Step(read="cat /srv/stamp || true", want="yes", act="echo yes > /srv/stamp")}},
        ),
        pulumi.ResourceOptions(),
    )
"""

Drift = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def machines(lab: LabFactory) -> PrivateLab:
    return lab({"onprem:hosts": HOSTS})


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("greet")
    runtime = {"name": "python", "options": {"toolchain": "pip", "virtualenv": str(ROOT / ".venv")}}
    plugins = {"providers": [{"name": "onprem", "path": str(ROOT / "provider")}]}
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump({"name": "greet", "runtime": runtime, "plugins": plugins}))
    (folder / "__main__.py").write_text(PROGRAM)
    return folder


@pytest.fixture(scope="module")
def drift(machines: PrivateLab, project: Path) -> Drift:
    """The service is deployed without the engine; looks at it."""
    options = ["--stacks", str(machines.stacks), "--saved", str(project / "saved"), "--program", str(project)]
    machines.run(["scripts/apply", machines.stack, *options])

    def run(*words: str, **environ: str) -> subprocess.CompletedProcess[str]:
        variables = [f"{name}={value}" for name, value in environ.items()]
        command = ["env", *variables, "scripts/drift", machines.stack, *options, *words]
        return machines.run(command, check=False)

    return run


def test_a_whole_deployment_is_as_declared_and_its_certificates_are_known(deployed: Deployed) -> None:
    stack = deployed.lab.stack
    look = ["scripts/drift", stack, "--saved", str(deployed.saved), "--certificate-days", "400"]

    done = deployed.lab.run(look, check=False)

    assert done.returncode == 0, done
    assert "CN=chat.dev.test: expires in 36" in done.stdout
    assert done.stdout.endswith(f"\n{stack}: 1 host looked at, nothing differs.\n")


@pytest.fixture
def seeded(machines: PrivateLab) -> Iterator[None]:
    """Three things on the first host that nobody declared; put back afterwards."""
    machines.ssh("one", "echo 'and moon' >>/etc/greet/greeting; chmod 777 /srv/greet; systemctl stop greet")
    yield
    machines.ssh("one", "sed -i '/moon/d' /etc/greet/greeting; chmod 750 /srv/greet; systemctl start greet")


def fingerprint(machines: PrivateLab, host: str) -> str:
    """Every name below the managed folders with its times, modes and owners."""
    return machines.ssh(host, f"sudo -n find {TREE} -printf '%p %T@ %C@ %m %u %s\\n' | sort").stdout


def accesses(machines: PrivateLab, host: str) -> str:
    """When the files that only the agent reads were read last."""
    return machines.ssh(host, "sudo -n find /etc/greet /var/lib/onprem -type f -printf '%p %A@\\n' | sort").stdout


def logins(machines: PrivateLab, host: str) -> int:
    """How often somebody logged in, this question included."""
    return int(machines.ssh(host, "sudo -n journalctl -t sshd | grep -c Accepted").stdout)


def test_nothing_differs_on_hosts_that_are_as_declared(drift: Drift, machines: PrivateLab) -> None:
    done = drift()

    assert (done.returncode, done.stdout) == (0, f"{machines.stack}: 2 hosts looked at, nothing differs.\n"), done


@pytest.mark.usefixtures("seeded")
def test_three_seeds_are_exactly_three_items(drift: Drift, machines: PrivateLab) -> None:
    done = drift()

    assert done.returncode == 2, done
    assert done.stdout == (
        "one: 3 differences\n"
        "  greet: directory /srv/greet: mode: 0750 declared, 0777 found\n"
        "  greet: file /etc/greet/greeting\n"
        "    --- declared\n"
        "    +++ found\n"
        "    @@ -1,2 +1,3 @@\n"
        "     Hello\n"
        "     ${value:whom}\n"
        "    +and moon\n"
        "  greet: unit greet.service: running: yes declared, no found\n"
        "\n"
        f"{machines.stack}: 3 differences on 1 of 2 hosts.\n"
    )


@pytest.mark.usefixtures("seeded")
def test_a_look_is_one_login_for_each_host_and_leaves_no_trace(drift: Drift, machines: PrivateLab) -> None:
    for host in HOSTS:  # times of access move on only when they are old
        machines.ssh(host, "sudo -n find /etc/greet /var/lib/onprem -type f -exec touch -a -d '3 days ago' {} +")
    before = {host: fingerprint(machines, host) for host in HOSTS}
    read = {host: accesses(machines, host) for host in HOSTS}
    counted = {host: logins(machines, host) for host in HOSTS}

    drift()

    assert {host: logins(machines, host) for host in HOSTS} == {host: count + 2 for host, count in counted.items()}
    assert {host: fingerprint(machines, host) for host in HOSTS} == before
    assert {host: accesses(machines, host) for host in HOSTS} == read


def test_a_changed_secret_and_a_changed_manifest_are_told_without_the_secret(
    drift: Drift, machines: PrivateLab
) -> None:
    manifest = "/var/lib/onprem/services/greet/manifest.json"
    keep = "cp -a /etc/greet/secret /root/; cp -a " + manifest + " /root/"
    machines.ssh(
        "two", f"sudo -n sh -c '{keep}; echo pw=changed >/etc/greet/secret; sed -i s/Hello/{CANARY}/ {manifest}'"
    )
    try:
        done = drift("--format", "json")
    finally:
        machines.ssh("two", f"sudo -n sh -c 'mv /root/secret /etc/greet/; mv /root/manifest.json {manifest}'")

    assert done.returncode == 2, done
    (service,) = json.loads(done.stdout)["hosts"][1]["services"]
    assert [(item["kind"], item["name"]) for item in service["drift"]] == [
        ("file", "/etc/greet/secret"),
        ("manifest", ""),
    ]
    assert "-pw=${secret:pw}" in service["drift"][0]["diff"]
    assert "+(hidden: this file holds secrets)" in service["drift"][0]["diff"]
    assert "+(secret)" in service["drift"][1]["diff"]
    assert CANARY not in done.stdout + done.stderr


def test_changes_that_were_cut_off_are_told(drift: Drift, machines: PrivateLab) -> None:
    folders = " ".join(f"/var/lib/onprem/services/{name}/transaction" for name in ("greet", "new"))
    machines.ssh("one", f"mkdir -p {folders}")
    try:
        done = drift()
    finally:
        machines.ssh("one", f"rmdir -p --ignore-fail-on-non-empty {folders}")

    assert done.returncode == 2, done
    assert "  greet: unfinished change: a change was cut off: " in done.stdout
    assert "  new: unfinished change: a change was cut off, of a service that is not in the state\n" in done.stdout


@pytest.mark.skipif(not shutil.which("pulumi"), reason="pulumi is not on PATH")
def test_the_engines_state_is_compared(machines: PrivateLab, project: Path) -> None:
    (project / "Pulumi.engine.yaml").write_text(yaml.safe_dump({"config": {"onprem:hosts": HOSTS}}))
    pulumi = ["env", f"PYTHONPATH={ROOT}", "pulumi", "-C", str(project)]
    machines.run([*pulumi, "stack", "init", "engine"])
    machines.run([*pulumi, "up", "--yes", "--skip-preview", "--stack", "engine"])
    look = ["scripts/drift", "engine", "--program", str(project), "--format", "json"]

    clean = machines.run(look, check=False)
    machines.ssh("two", "sudo -n sh -c 'echo no >/srv/stamp'")
    drifted = machines.run(look, check=False)
    machines.ssh("two", "sudo -n sh -c 'echo yes >/srv/stamp'")

    assert (clean.returncode, json.loads(clean.stdout)["state"]) == (0, "pulumi"), clean
    assert drifted.returncode == 2
    found: dict[str, Any] = json.loads(drifted.stdout)
    (item,) = [item for host in found["hosts"] for service in host["services"] for item in service["drift"]]
    assert (item["kind"], item["name"], item["diff"][-2:]) == ("step", "stamp", ["-yes", "+no"])


@pytest.mark.usefixtures("seeded")
def test_a_host_that_is_away_does_not_hide_the_others(drift: Drift, machines: PrivateLab, tmp_path: Path) -> None:
    metrics = tmp_path / "drift.prom"
    machines.lab("kill", "two")
    try:
        with_drift = drift("--metrics", str(metrics))
        offline = drift(ONPREM_OFFLINE="two")
    finally:
        machines.lab("start", "two")

    assert with_drift.returncode == 2
    assert "two\n  could not look: two: cannot be reached at 10.77.204.12" in with_drift.stdout
    assert with_drift.stdout.endswith(": 3 differences on 1 of 2 hosts; could not look at two.\n")
    assert 'host="two"} 1\n' in metrics.read_text()
    assert 'host="one",service="greet"} 3\n' in metrics.read_text()
    assert metrics.stat().st_mode & 0o777 == 0o644
    assert offline.stdout.endswith(": 3 differences on 1 of 2 hosts; skipped two.\n")


def test_a_host_that_is_away_fails_a_look_that_finds_nothing(drift: Drift, machines: PrivateLab) -> None:
    machines.lab("kill", "two")
    try:
        done = drift()
    finally:
        machines.lab("start", "two")

    assert done.returncode == 1, done
    assert done.stdout.endswith(f"{machines.stack}: 1 host looked at, nothing differs; could not look at two.\n")
