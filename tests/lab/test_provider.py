"""The provider on a real host: as the engine calls it, and with the real engine where `pulumi` is on PATH."""

import json
import shutil
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.lab.conftest import LabFactory
from tests.lab.private_lab import ROOT, PrivateLab
from tests.lab.provider_session import ProviderFailedError, ProviderSession, data, wire

HOSTS = {"one": {"address": "10.77.203.11"}, "two": {"address": "10.77.203.12", "user": "ops"}}
CANARY = "canary-for-the-provider"
UNIT = "[Service]\nExecStart=/bin/sh /etc/hello.sh\n[Install]\nWantedBy=multi-user.target\n"
SERVE = "exec python3 -m http.server 8080 --bind 127.0.0.1 --directory /srv/hello\n"
ANSWERS = "python3 -c 'import urllib.request as u; u.urlopen(\"http://127.0.0.1:8080/\")'"


def file(content: str, mode: str = "0644") -> dict[str, Any]:
    return {"content": content, "mode": mode, "owner": "root", "group": "root", "early": False}


def hello(host: str = "one", script: str = SERVE) -> dict[str, Any]:
    return {
        "host": host,
        "service": "hello",
        "packages": {"bc": ""},
        "directories": {"/srv/hello": {"mode": "0755", "owner": "root", "group": "root"}},
        "files": {
            "/etc/systemd/system/hello.service": file(UNIT),
            "/etc/hello.sh": file(script),
            "/etc/hello.secret": file("a=${value:a}\npw=${secret:pw}\n", "0600"),
        },
        "values": {"a": "1"},
        "secrets": {"pw": CANARY},
        "units": {
            "hello.service": {"running": True, "enabled": True, "reload_on": [], "restart_on": ["/etc/hello.sh"]}
        },
        "steps": {
            "the stamp": {
                "read": "cat /srv/stamp 2>/dev/null || true",
                "want": "yes",
                "act": "echo yes > /srv/stamp",
                "stdin": "",
                "after": [],
                "when": "healthy",
                "seconds": 30,
                "restarts": "",
                "restarts_on": [],
            }
        },
        "healthy": {"command": ANSWERS, "seconds": 5},
    }


@pytest.fixture(scope="module")
def machines(lab: LabFactory) -> PrivateLab:
    return lab({"onprem:hosts": HOSTS})


@pytest.fixture
def provider(machines: PrivateLab) -> Iterator[ProviderSession]:
    with ProviderSession(machines) as session:
        session.configure(HOSTS)
        yield session


@pytest.fixture(params=["one", "two"])
def inputs(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The service on a host where ssh logs in as root, and on one where sudo is needed."""
    return hello(request.param)


def logins(machines: PrivateLab, host: str) -> int:
    """How often somebody logged in, this question included."""
    return int(machines.ssh(host, "sudo -n journalctl -t sshd | grep -c Accepted").stdout)


def create(provider: ProviderSession, inputs: dict[str, Any]) -> dict[str, Any]:
    checked = provider.call("Check", news=wire(inputs))
    assert "failures" not in checked, checked
    return provider.call("Create", properties=checked["inputs"])


def differences(provider: ProviderSession, inputs: dict[str, Any]) -> list[str]:
    """The paths that a refresh would show."""
    identity = f"{inputs['host']}/{inputs['service']}"
    read = provider.call("Read", id=identity, inputs=wire(inputs), properties=wire(inputs))
    diff = provider.call("Diff", id=identity, olds=read["properties"], news=wire(inputs))
    return sorted(diff.get("detailedDiff", {}))


def test_create_then_read_is_clean_over_one_connection(
    machines: PrivateLab, provider: ProviderSession, inputs: dict[str, Any]
) -> None:
    before = logins(machines, inputs["host"])
    made = create(provider, inputs)
    assert made["id"] == f"{inputs['host']}/hello"
    assert data(made["properties"]) == inputs
    assert differences(provider, inputs) == []
    assert logins(machines, inputs["host"]) == before + 2
    assert CANARY not in str(provider.logged)


def test_seeded_drift_is_exactly_what_differs_and_is_repaired(
    machines: PrivateLab, provider: ProviderSession, inputs: dict[str, Any]
) -> None:
    create(provider, inputs)
    seeds = "chmod 644 /etc/hello.secret; echo '# x' >> /etc/hello.sh; systemctl stop hello; echo no > /srv/stamp"
    machines.ssh(inputs["host"], f'sudo -n sh -c "{seeds}; dpkg --purge bc 2>/dev/null >&2"')
    assert differences(provider, inputs) == [
        'files["/etc/hello.secret"].mode',
        'files["/etc/hello.sh"].content',
        "packages.bc",
        'steps["the stamp"].want',
        'units["hello.service"].running',
    ]
    provider.call("Update", id="x", old_inputs=wire(inputs), news=wire(inputs))
    assert differences(provider, inputs) == []


def test_an_import_by_id_is_clean_and_a_mistyped_one_an_error(
    provider: ProviderSession, inputs: dict[str, Any]
) -> None:
    plain_service = {**inputs, "service": "motd", "files": {"/etc/motd": file("managed\n")}}
    plain_service = {name: plain_service[name] for name in ("host", "service", "files")}
    create(provider, plain_service)
    host = inputs["host"]
    read = provider.call("Read", id=f"{host}/motd")
    assert data(read["inputs"]) == plain_service
    diff = provider.call("Diff", id=f"{host}/motd", olds=read["properties"], news=wire(plain_service))
    assert diff["changes"] == "DIFF_NONE"
    with pytest.raises(ProviderFailedError, match=f"^{host}/modt: {host} has no such service; known there: "):
        provider.call("Read", id=f"{host}/modt")
    provider.call("Delete", id=f"{host}/motd", old_inputs=wire(plain_service))


def test_a_broken_change_is_taken_back_and_said_in_one_message(
    machines: PrivateLab, provider: ProviderSession, inputs: dict[str, Any]
) -> None:
    create(provider, inputs)
    broken = hello(inputs["host"], "echo out of cheese >&2; exit 3\n")
    with pytest.raises(ProviderFailedError) as error:
        provider.call("Update", id="x", old_inputs=wire(inputs), news=wire(broken))
    message = str(error.value)
    assert message.startswith(f"{inputs['host']}/hello: ")
    assert "/etc/hello.sh" in message
    assert "out of cheese" in message
    assert "Traceback" not in message
    machines.ssh(inputs["host"], ANSWERS)
    assert differences(provider, inputs) == []


def test_a_change_that_is_cut_off_is_taken_back_by_the_host(machines: PrivateLab, provider: ProviderSession) -> None:
    inputs = hello()
    create(provider, inputs)
    slow = hello(script=SERVE + "# changed\n")
    slow["steps"]["slow"] = {**inputs["steps"]["the stamp"], "read": "echo no", "act": "touch /tmp/slow; sleep 300"}
    with ProviderSession(machines) as doomed:
        doomed.configure(HOSTS)
        doomed.send("Update", urn="urn:pulumi:lab::try::onprem:index:Service::try", id="x", news=wire(slow))
        machines.ssh("one", "while [ ! -e /tmp/slow ]; do sleep 0.2; done")
        doomed.process.kill()
    machines.ssh("one", "while grep -q changed /etc/hello.sh; do sleep 0.2; done")
    assert differences(provider, inputs) == []


def test_a_confirmed_change_takes_one_more_login(machines: PrivateLab, provider: ProviderSession) -> None:
    before = logins(machines, "one")
    guarded = {"host": "one", "service": "guarded", "files": {"/etc/guarded": file("x\n")}, "confirm": True}
    create(provider, guarded)
    assert logins(machines, "one") == before + 3
    assert differences(provider, guarded) == []


def test_delete_puts_back_byte_for_byte_and_lists_what_stays(
    machines: PrivateLab, provider: ProviderSession, inputs: dict[str, Any]
) -> None:
    host = inputs["host"]
    original = machines.ssh(host, "sha256sum /etc/motd").stdout
    inputs["files"]["/etc/motd"] = file("ours\n")
    create(provider, inputs)
    assert machines.ssh(host, "cat /etc/motd").stdout == "ours\n"
    provider.call("Delete", id=f"{host}/hello", old_inputs=wire(inputs))
    assert machines.ssh(host, "sha256sum /etc/motd").stdout == original
    assert machines.ssh(host, "ls /etc/hello.sh /etc/systemd/system/hello.service", check=False).returncode != 0
    assert machines.ssh(host, "systemctl is-active hello", check=False).stdout == "inactive\n"
    assert f"{host}/hello: stays on the host: packages: bc" in "\n".join(provider.logged)


def test_an_unknown_host_key_is_refused_with_its_fingerprint(machines: PrivateLab, tmp_path: Path) -> None:
    configuration = tmp_path / "config"
    configuration.write_text(f"UserKnownHostsFile {tmp_path / 'known_hosts'}\nGlobalKnownHostsFile /dev/null\n")
    fingerprint = machines.ssh("one", "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub").stdout.split()[1]
    program = (
        "import asyncio, json; from onprem.connections import Connections; from onprem.inventory import read_hosts;"
        f"asyncio.run(Connections(read_hosts('{json.dumps(HOSTS)}')).get('one'))"
    )
    command = ["env", f"ONPREM_SSH_CONFIG={configuration}", "scripts/python", "-c", program]
    said = machines.run(command, check=False).stderr.splitlines()[-1]
    assert said == (
        f"onprem.errors.OnPremError: one: its host key is not known; it offers ssh-ed25519 {fingerprint}; compare it"
        " with the host's own, then accept it:"
        f" ssh -o StrictHostKeyChecking=ask -F {configuration} root@10.77.203.11 true"
    )
    assert not (tmp_path / "known_hosts").exists()


PROGRAM = """
import os, signal
import pulumi
from components.resources import File, Host, Service, ServiceState, Unit

signal.signal(signal.SIGINT, lambda *_: os._exit(130))
options = pulumi.ResourceOptions(depends_on=[Host("one", {"cores": 1}, [], pulumi.ResourceOptions())])
script = "%s"
files = {"/etc/greet.sh": File(content=script), "/etc/systemd/system/greet.service": File(content=%r)}
units = {"greet.service": Unit(restart_on=("/etc/greet.sh",))}
Service("one", "greet", ServiceState(files=files, units=units), options)
"""


@pytest.fixture(scope="module")
def project(machines: PrivateLab, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Pulumi project with one small service, its stack made."""
    if not shutil.which("pulumi"):
        pytest.skip("pulumi is not on PATH")
    folder = tmp_path_factory.mktemp("project")
    runtime = {"name": "python", "options": {"toolchain": "pip", "virtualenv": str(ROOT / ".venv")}}
    plugins = {"providers": [{"name": "onprem", "path": str(ROOT / "provider")}]}
    settings = {"name": "try", "runtime": runtime, "plugins": plugins}
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump(settings))
    (folder / "Pulumi.lab.yaml").write_text(yaml.safe_dump({"config": {"onprem:hosts": HOSTS}}))
    (folder / "__main__.py").write_text(textwrap.dedent(PROGRAM) % ("sleep 1000\\n", UNIT.replace("hello", "greet")))
    machines.run(["pulumi", "-C", str(folder), "stack", "init", "lab"])
    return folder


def pulumi(machines: PrivateLab, project: Path, *words: str, check: bool = True) -> tuple[int, str]:
    environ = ["env", f"PYTHONPATH={ROOT}"]
    done = machines.run([*environ, "pulumi", "-C", str(project), *words, "--stack", "lab"], check=check)
    return done.returncode, done.stdout + done.stderr


def test_the_real_engine_previews_deploys_shows_drift_imports_and_destroys(machines: PrivateLab, project: Path) -> None:
    _, shown = pulumi(machines, project, "preview", "--diff")
    assert "one/greet: would change on the host:" in shown
    assert "+ file /etc/greet.sh:\n    +sleep 1000" in shown
    before = logins(machines, "one")
    pulumi(machines, project, "up", "--yes", "--skip-preview")
    assert logins(machines, "one") == before + 2
    pulumi(machines, project, "preview", "--refresh", "--expect-no-changes")

    machines.ssh("one", "echo '# edited' >> /etc/greet.sh")
    failed, shown = pulumi(machines, project, "preview", "--refresh", "--diff", "--expect-no-changes", check=False)
    assert failed
    (update,) = shown.split("onprem:index:Service: (update)")[1:]
    assert [line.strip() for line in update.splitlines() if line.strip().startswith(("- ", "+ "))] == ["- # edited"]
    pulumi(machines, project, "up", "--refresh", "--yes", "--skip-preview")
    pulumi(machines, project, "preview", "--refresh", "--expect-no-changes")

    pulumi(machines, project, "state", "delete", "urn:pulumi:lab::try::onprem:index:Service::one/greet", "--yes")
    failed, shown = pulumi(machines, project, *IMPORT, "one/helo", check=False)
    assert failed
    assert "one/helo: one has no such service; known there: " in shown
    pulumi(machines, project, *IMPORT, "one/greet")
    pulumi(machines, project, "preview", "--expect-no-changes")
    pulumi(machines, project, "destroy", "--yes", "--skip-preview")
    assert machines.ssh("one", "ls /etc/greet.sh", check=False).returncode != 0


IMPORT = ("import", "--yes", "--protect=false", "--skip-preview", "onprem:index:Service", "one/greet")
