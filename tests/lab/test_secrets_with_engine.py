"""Secrets with the Pulumi engine, which takes the deployed host over: every password is brought, then looked for."""

import gzip
import json
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from components.deployment import COMPONENTS
from tests.lab.canaries import Forms, forms_of_key, forms_of_password, told, watched_processes
from tests.lab.deployed import Deployed, Done

pytestmark = pytest.mark.skipif(shutil.which("pulumi") is None, reason="needs the Pulumi engine: no pulumi on PATH")

PASSWORDS = {name for component in COMPONENTS for name in component.passwords}


@dataclass(frozen=True)
class Up:
    """One `pulumi up`: the secrets, its console, and what was seen of processes meanwhile."""

    known: Forms
    console: str
    seen: list[list[str]]


@pytest.fixture(scope="module")
def up(deployed: Deployed) -> Iterator[Up]:
    """Afterwards the host is as it was, and the engine knows nothing of it."""
    brought = {name: f"Canary-{secrets.token_hex(16)}" for name in PASSWORDS}
    pulumi(deployed, "stack", "init")
    try:
        for name, value in brought.items():
            pulumi(deployed, "config", "set", "--secret", f"im:{name}", stdin=value)
        with watched_processes() as watcher:
            done = pulumi(deployed, "up", "--yes", "--diff")
            known = {name: forms_of_password(value) for name, value in brought.items()} | keys(deployed)
            seen, _ = watcher.communicate(json.dumps(known), timeout=120)
        yield Up(known, done.stdout + done.stderr, json.loads(seen))
    finally:
        pulumi(deployed, "stack", "rm", "--yes", "--force")
        deployed.apply()


def pulumi(deployed: Deployed, *words: str, stdin: str | None = None) -> Done:
    """`pulumi WORDS…` for the stack of the lab."""
    stack = deployed.lab.stack
    names = [stack] if words[0] == "stack" and words[1] != "export" else ["--stack", stack]
    return deployed.lab.lab("run", "--", "pulumi", "--non-interactive", *words, *names, stdin=stdin)


def keys(deployed: Deployed) -> Forms:
    """The private keys that the engine made."""
    resources = json.loads(pulumi(deployed, "stack", "export", "--show-secrets").stdout)["deployment"]["resources"]
    made = [resource for resource in resources if resource["type"] == "tls:index/privateKey:PrivateKey"]
    return {resource["urn"].rpartition("::")[2]: forms_of_key(shown(resource["outputs"])) for resource in made}


def shown(outputs: dict[str, Any]) -> dict[str, str]:
    """The secrets among these, where the engine was told to show them."""
    secret = {name: value for name, value in outputs.items() if isinstance(value, dict) and "plaintext" in value}
    return {name: json.loads(value["plaintext"]) for name, value in secret.items()}


def test_the_canaries_are_those_of_the_deployment(deployed: Deployed, up: Up) -> None:
    state = pulumi(deployed, "stack", "export", "--show-secrets").stdout

    assert set(told(state, up.known)) == set(up.known) - {"package_sql_password"}
    assert len(up.known) > len(PASSWORDS)


def test_the_console_of_the_engine_tells_no_secret(up: Up) -> None:
    assert "ejabberd" in up.console
    assert told(up.console, up.known) == []


def test_the_state_tells_no_secret(deployed: Deployed, up: Up) -> None:
    assert told(pulumi(deployed, "stack", "export").stdout, up.known) == []


def test_files_of_state_and_settings_hold_no_secret(deployed: Deployed, up: Up) -> None:
    folder = deployed.lab.run(["sh", "-c", "echo ${PULUMI_BACKEND_URL#file://}"]).stdout.strip()
    files = [path for path in Path(folder).rglob("*") if path.is_file()]
    settings = deployed.lab.run(["cat", f"stacks/Pulumi.{deployed.lab.stack}.yaml"]).stdout

    assert {path.name for path in files} >= {f"{deployed.lab.stack}.json"}
    assert {path: names for path in files if (names := told(text_of(path), up.known))} == {}
    assert "redis_password" in settings
    assert told(settings, up.known) == []


def text_of(path: Path) -> str:
    """A file of the state, which the engine may compress."""
    content = path.read_bytes()
    return (gzip.decompress(content) if path.suffix == ".gz" else content).decode()


def test_processes_show_only_what_the_engine_itself_hands_to_the_program(up: Up) -> None:
    """It puts the settings of a stack, decrypted, into the program's environment; generated values stay out of it."""
    assert {(where, name) for name, where, _ in up.seen} <= {("environ", name) for name in PASSWORDS}
    assert [process for _, _, process in up.seen if "pulumi-language-python" not in process] == []
