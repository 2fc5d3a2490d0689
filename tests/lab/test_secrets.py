"""Every password and key is made anew on a running deployment; then they are looked for wherever they must not be."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.lab.canaries import Forms, forms_of_key, forms_of_password, told, watched_processes
from tests.lab.deployed import Deployed

HERE = Path(__file__).parent
HOST = "dev1"
PASSWORD, KEY = "random:index/randomPassword:RandomPassword", "tls:index/privateKey:PrivateKey"  # noqa: S105 - types
COPIES = "/var/lib/ejabberd/certs/"
"""ejabberd keeps its certificates and their keys here while it runs, each in a file of its own."""

ANYBODYS = "/var/tmp/"  # noqa: S108 - of the lab host


@dataclass(frozen=True)
class Rotation:
    """Secrets `old` and `new`, what `scripts/apply` printed, and what was `seen` of processes meanwhile."""

    old: Forms
    new: Forms
    console: str
    seen: list[list[str]]


@pytest.fixture(scope="module")
def planted(deployed: Deployed) -> str:
    """A word that is everywhere, to show that the searches find what is there."""
    return f"planted-in-{deployed.lab.stack}-tell-tale"


@pytest.fixture(scope="module")
def rotation(deployed: Deployed, planted: str) -> Rotation:
    """All passwords and keys but the CA's are forgotten, and one more run makes others."""
    old = forms(saved(deployed))
    forget(deployed)
    with watched_processes() as watcher:
        done = deployed.apply()
        deployed.lab.ssh(HOST, f"PLANTED={planted} sh -c 'sleep 1; true' {planted}")
        new = forms(saved(deployed))
        seen, _ = watcher.communicate(json.dumps({**both(old, new), "planted": [planted]}), timeout=120)
    return Rotation(old, new, done.stdout + done.stderr, json.loads(seen))


@pytest.fixture(scope="module")
def kept(deployed: Deployed, rotation: Rotation, planted: str) -> dict[str, Any]:
    """The host's files and its journal: what they hold of old and new secrets."""
    wanted = {**both(rotation.old, rotation.new), "planted": [planted]}
    program = (HERE / "probe_files.py").read_text() + f"\nmain(json.loads({json.dumps(wanted)!r}))\n"
    file = f"{ANYBODYS}{planted}"
    deployed.lab.ssh(HOST, f"systemd-cat echo {planted} && install -m 0644 /dev/stdin {file}", stdin=planted)
    found: dict[str, Any] = json.loads(deployed.lab.ssh(HOST, "python3 -I -", stdin=program).stdout)
    deployed.lab.ssh(HOST, f"rm {file}")
    return found


def both(old: Forms, new: Forms) -> Forms:
    """Secrets of before and after under names of their own; the CA's key is the same."""
    return {**{f"old {name}": found for name, found in old.items() if name != "ca"}, **new}


def saved(deployed: Deployed) -> dict[str, Any]:
    """What a run without the engine keeps."""
    content: dict[str, Any] = json.loads((deployed.saved / f"{deployed.lab.stack}.json").read_text())
    return content


def forget(deployed: Deployed) -> None:
    """Takes the generated values out of what is kept; the CA stays."""
    content = saved(deployed)
    resources = content["resources"]
    content["resources"] = {
        urn: each for urn, each in resources.items() if not is_generated(urn) or name_of(urn) == "ca"
    }
    (deployed.saved / f"{deployed.lab.stack}.json").write_text(json.dumps(content))


def is_generated(urn: str) -> bool:
    return f"{PASSWORD}::" in urn or f"{KEY}::" in urn


def name_of(urn: str) -> str:
    return urn.rpartition("::")[2]


def forms(content: Mapping[str, Any]) -> Forms:
    """Every secret of what is kept, in each way in which it could be written down."""
    found = {}
    for urn, resource in content["resources"].items():
        if f"{PASSWORD}::" in urn:
            found[name_of(urn)] = forms_of_password(resource["outputs"]["result"])
        elif f"{KEY}::" in urn:
            found[name_of(urn)] = forms_of_key(resource["outputs"])
    return found


def declared(deployed: Deployed) -> set[str]:
    """The files that the program says hold a secret."""
    inputs = [resource["inputs"] for resource in saved(deployed)["resources"].values()]
    files = [file for each in inputs for file in each.get("files", {}).items()]
    return {path for path, file in files if "${secret:" in file["content"]}


def test_everything_was_made_anew(rotation: Rotation) -> None:
    assert set(rotation.new) == set(rotation.old)
    assert {name for name in rotation.old if rotation.old[name] == rotation.new[name]} == {"ca"}


def test_the_deployment_works_with_new_secrets(deployed: Deployed, rotation: Rotation) -> None:
    deployed.verify()


def test_no_process_has_a_secret_in_arguments_or_environment(rotation: Rotation) -> None:
    assert [finding for finding in rotation.seen if finding[0] != "planted"] == []
    assert {where for _, where, _ in rotation.seen} == {"cmdline", "environ"}


def test_the_console_tells_no_secret(deployed: Deployed, rotation: Rotation) -> None:
    assert deployed.first is not None
    console = rotation.console + deployed.first.stdout + deployed.first.stderr

    assert told(console, both(rotation.old, rotation.new)) == []


def test_the_journal_tells_no_secret(kept: dict[str, Any]) -> None:
    assert kept["journal"] == ["planted"]


def test_files_hold_the_secrets_they_are_declared_to_hold(deployed: Deployed, kept: dict[str, Any]) -> None:
    holding = {path for path, file in kept["files"].items() if file["names"] != ["planted"]}

    assert {path for path in holding if not path.startswith(COPIES)} == declared(deployed)


def test_files_with_secrets_are_for_their_owner_only(kept: dict[str, Any]) -> None:
    loose = {path: file["names"] for path, file in kept["files"].items() if not file["mode"].endswith("00")}

    assert {path: names for path, names in loose.items() if names != ["planted"]} == {}
    assert any(path.startswith(ANYBODYS) for path in loose)


def test_no_host_has_the_key_of_the_ca(kept: dict[str, Any]) -> None:
    assert [path for path, file in kept["files"].items() if "ca" in file["names"]] == []


def test_nothing_is_left_of_old_secrets(kept: dict[str, Any]) -> None:
    assert {
        path for path, file in kept["files"].items() if any(name.startswith("old ") for name in file["names"])
    } == set()


def test_the_operator_keeps_them_in_one_private_file(deployed: Deployed, rotation: Rotation) -> None:
    folders = {deployed.saved, deployed.lab.stacks}
    files = {path for folder in folders for path in folder.rglob("*") if path.is_file()}

    holding = [path for path in files if told(path.read_text(), rotation.new)]

    assert holding == [deployed.saved / f"{deployed.lab.stack}.json"]
    assert holding[0].stat().st_mode & 0o777 == 0o600
