"""The state of a deployed stack is lost: it comes back from its backup, or from the hosts themselves."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.lab.engine.conftest import HOST
from tests.lab.engine.engine_stack import EngineStack

COUNT = "cd / && runuser -u postgres -- psql -XAtc 'SELECT count(*) FROM archive' im"
CERTIFICATES = {"etcd", "rabbitmq", "redis", "postgresql", "haproxy-local", "ejabberd", "haproxy"}
IMPORT = ("--yes", "--protect=false", "--generate-code=false", "--skip-preview")


def archived(stack: EngineStack) -> int:
    """Messages that people can read again."""
    return int(stack.lab.ssh(HOST, COUNT).stdout)


@pytest.fixture
def empty(stack: EngineStack, tmp_path: Path) -> EngineStack:
    """The same stack with an empty state, and messages in its archive."""
    stack.verify()
    (tmp_path / "state").mkdir()
    empty = EngineStack(stack.lab, backend=tmp_path / "state")
    empty.pulumi("stack", "init")
    return empty


def test_the_backup_is_restored_and_nothing_differs(stack: EngineStack, empty: EngineStack, tmp_path: Path) -> None:
    before = archived(stack)
    stack.pulumi("stack", "export", "--file", str(tmp_path / "backup.json"))

    empty.pulumi("stack", "import", "--file", str(tmp_path / "backup.json"))

    assert empty.changes("--refresh") == {}
    empty.up("--refresh", "--expect-no-changes")
    empty.verify()
    assert archived(empty) >= before


def adopt(stack: EngineStack, folder: Path) -> subprocess.CompletedProcess[str]:
    """`scripts/adopt`, in the form for programs."""
    words = ["scripts/adopt", stack.lab.stack, "--folder", str(folder), "--format", "json"]
    return stack.lab.run(["env", f"PULUMI_BACKEND_URL=file://{stack.backend}", *words])


def test_the_hosts_bring_their_passwords_and_only_certificates_change(
    stack: EngineStack, empty: EngineStack, tmp_path: Path
) -> None:
    before = archived(stack)
    found = json.loads(adopt(empty, tmp_path / "adopt").stdout)
    file = tmp_path / "adopt" / stack.lab.stack / "import.json"
    kept = stack.lab.ssh(HOST, "cat /etc/postgresql/im.pgpass").stdout

    empty.pulumi("import", "--file", str(file), *IMPORT)

    assert found["recalled"] == sorted(
        [
            "ejabberd_cookie_password",
            "ejabberd_sql_password",
            "postgresql_replicator_password",
            "postgresql_rewind_password",
            "rabbitmq_cookie",
            "rabbitmq_password",
            "redis_password",
        ]
    )
    changed = {service["service"] for service in found["preview"]["services"]}
    assert empty.changes("--refresh") == {f"Service {HOST}/{name}": "update" for name in changed}
    assert changed == CERTIFICATES
    empty.up()
    assert empty.changes("--refresh") == {}
    empty.verify()
    assert archived(empty) >= before
    assert stack.lab.ssh(HOST, "cat /etc/postgresql/im.pgpass").stdout == kept
