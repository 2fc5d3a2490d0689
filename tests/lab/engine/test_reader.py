"""A preview and a look for drift with the reader's key and nothing else: what the job of a pull request has."""

import itertools
import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from commands.drift.state import from_export
from tests.lab.canaries import Forms, forms_of_password, told
from tests.lab.engine.conftest import HOST
from tests.lab.engine.engine_stack import Done, EngineStack
from tests.lab.reader_session import ACCOUNT, ReaderSession, Thief, thief

ADDRESS = "10.77.1.11"


@dataclass(frozen=True)
class Job:
    """Has the reader's key, and in `states` the state without its secrets."""

    stack: EngineStack
    key: Thief
    states: Path

    def run(self, *words: str, **environ: str) -> Done:
        """A command of the repository: with the key, and without the passphrase unless `environ` has it."""
        mine = {"ONPREM_SSH_CONFIG": str(self.key.config), "ONPREM_READER": ACCOUNT, **environ}
        variables = [f"{name}={value}" for name, value in mine.items()]
        return self.stack.lab.run(["env", *variables, *words], check=False)

    def preview(self) -> dict[str, Any]:
        """What `scripts/preview` finds, without passphrase and backend."""
        nothing = {"PULUMI_BACKEND_URL": "file:///nowhere", "PULUMI_CONFIG_PASSPHRASE_FILE": "/nowhere"}
        options = ("--state", str(self.states), "--live", "--format", "json")
        done = self.run("scripts/preview", self.stack.lab.stack, *options, **nothing)
        assert done.stdout, done.stderr
        return dict(json.loads(done.stdout)["stacks"][0])


@pytest.fixture(scope="module")
def job(stack: EngineStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Job]:
    """The stack has a reader for a while."""
    folder = tmp_path_factory.mktemp("job")
    key = folder / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "previews", "-f", str(key)], check=True)
    with stack.configured({"im:reader": {"keys": [key.with_suffix(".pub").read_text().strip()]}}):
        stack.up()
        stack.lab.run(["scripts/preview", stack.lab.stack, "--save-state", str(folder)])
        yield Job(stack, thief(stack.lab, ADDRESS, key), folder)
    stack.up()


def test_a_preview_of_what_is_deployed_changes_nothing(job: Job) -> None:
    found = job.preview()

    assert (found["result"], found["services"], found["errors"]) == ("same", [], [])
    assert [text for text in found["warnings"] if not text.startswith(f"{HOST}: the machine does not tell ")] == []
    assert (found["live"], found["bare"]) == (True, True)


def test_drift_finds_nothing_on_a_host_as_declared(job: Job) -> None:
    done = job.run("scripts/drift", job.stack.lab.stack)

    assert done.returncode == 0, done
    assert done.stdout.endswith(f"{job.stack.lab.stack}: 1 host looked at, nothing differs.\n")


def secrets(stack: EngineStack) -> Forms:
    """Every secret of every service, from the state."""
    state = from_export(json.loads(stack.pulumi("stack", "export", "--show-secrets").stdout))
    found = {
        f"{inputs['service']} {name}": text
        for inputs in state.services
        for name, text in (inputs.get("secrets") or {}).items()
    }
    return {name: text.splitlines()[1:-1] if "\n" in text else forms_of_password(text) for name, text in found.items()}


def test_no_answer_about_a_whole_deployment_holds_a_secret(job: Job) -> None:
    known = secrets(job.stack)
    with ReaderSession(job.key) as session:
        assert session.start()
        services = session.ask(op="manifest", service="none")["services"]
        for op, service in itertools.product(("manifest", "read", "look"), services):
            assert "message" not in session.ask(op=op, service=service), service

    assert len(known) > 10
    assert {"ejabberd", "postgresql", "rabbitmq", "redis"} <= set(services)
    assert told(session.text, known) == []


def test_both_see_what_was_changed_by_hand(job: Job) -> None:
    job.stack.lab.ssh(HOST, "sed -i 's/^    retries 3$/    retries 4/' /etc/haproxy/haproxy.cfg")
    try:
        drift, preview = job.run("scripts/drift", job.stack.lab.stack), job.preview()
    finally:
        job.stack.lab.ssh(HOST, "sed -i 's/^    retries 4$/    retries 3/' /etc/haproxy/haproxy.cfg")

    assert drift.returncode == 2, drift
    assert "    -    retries 3\n    +    retries 4\n" in drift.stdout
    assert [service["service"] for service in preview["services"]] == ["haproxy"]


def test_an_update_is_refused_with_a_sentence(job: Job) -> None:
    with job.stack.configured({"im:haproxy": {"idle_seconds": 1_799}}):
        done = job.run(*job.stack.command("up", "--yes", "--skip-preview"))

    assert done.returncode != 0
    assert f"{HOST}/haproxy: cannot be changed while ONPREM_READER is set" in done.stdout + done.stderr
