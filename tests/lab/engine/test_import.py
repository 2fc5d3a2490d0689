"""Deployed hosts and services are imported by their IDs into a state that knows nothing."""

import json
from pathlib import Path

import pytest

from tests.lab.engine.conftest import HOST
from tests.lab.engine.engine_stack import EngineStack, errors

KNOWN = (
    "administrators, ejabberd, etcd, firewall, haproxy, haproxy-local, postgresql, rabbitmq, redis, ssh, system, time"
)


@pytest.fixture
def empty(stack: EngineStack, tmp_path: Path) -> EngineStack:
    """The same stack with an empty state."""
    (tmp_path / "state").mkdir()
    empty = EngineStack(stack.lab, backend=tmp_path / "state")
    empty.pulumi("stack", "init")
    return empty


def test_a_host_and_a_service_by_their_ids(empty: EngineStack) -> None:
    for kind, identity in (("Host", HOST), ("Service", f"{HOST}/ssh")):
        empty.pulumi("import", f"onprem:index:{kind}", identity, identity, "--yes", "--protect=false")

    for refresh in ([], ["--refresh"]):
        changes = empty.changes(*refresh)
        assert not {f"Host {HOST}", f"Service {HOST}/ssh"} & changes.keys()
        assert changes[f"Service {HOST}/system"] == "create"
        assert set(changes.values()) == {"create"}


def test_many_with_their_components_by_a_file(empty: EngineStack, tmp_path: Path) -> None:
    wanted = [HOST, *(f"{HOST}/{service}" for service in ("ssh", "time", "system", "firewall", "administrators"))]
    file = tmp_path / "import.json"
    empty.pulumi("preview", "--import-file", str(file))
    listed = json.loads(file.read_text())
    found = [{**item, "id": item["name"]} for item in listed["resources"] if item["name"] in wanted]
    parents = [item for item in listed["resources"] if item["name"] in {child["parent"] for child in found}]
    file.write_text(json.dumps({**listed, "resources": parents + found}))

    empty.pulumi("import", "--file", str(file), "--yes", "--protect=false")

    changes = empty.changes()
    assert len(found) == len(wanted)
    assert not {name for name in changes if name.split()[1] in wanted}
    assert set(changes.values()) == {"create"}


@pytest.mark.parametrize(
    ("kind", "identity", "sentence"),
    [
        (
            "Service",
            f"{HOST}/sshd",
            f"{HOST}/sshd: {HOST} has no such service; known there: {KNOWN};"
            " what this provider did not make is taken over with scripts/adopt",
        ),
        ("Service", "dev9/ssh", f"dev9: not in onprem:hosts; known hosts: {HOST}"),
        ("Service", HOST, f"{HOST}: not the ID of a Service; expected <host>/<service>"),
        ("Host", "dev9", f"dev9: not in onprem:hosts; known hosts: {HOST}"),
    ],
)
def test_a_mistyped_id_is_an_error(empty: EngineStack, kind: str, identity: str, sentence: str) -> None:
    done = empty.pulumi("import", f"onprem:index:{kind}", "it", identity, "--yes", check=False)

    assert done.returncode != 0
    assert f"Preview failed: {sentence}" in errors(done.stdout)
