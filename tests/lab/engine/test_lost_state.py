"""The state of a deployed stack is lost: it comes back from its backup, or from the hosts themselves."""

import json
import secrets
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.engine.conftest import HOST
from tests.lab.engine.engine_stack import EngineStack

KEEPER = "keeper@chat.dev.test"
ADD = "/usr/local/lib/im/account add keeper"
TELL = f"ejabberdctl send_message chat {KEEPER} {KEEPER} '' 'from before the loss'"
COUNT = (
    "cd / && runuser -u postgres -- psql -XAtc \"SELECT count(*) FROM archive WHERE txt = 'from before the loss'\" im"
)
CERTIFICATES = {"etcd", "rabbitmq", "redis", "postgresql", "haproxy-local", "ejabberd", "haproxy"}
IMPORT = ("--yes", "--protect=false", "--generate-code=false", "--skip-preview")


def archived(stack: EngineStack) -> int:
    """How often the message of before is in the archive: once for each side."""
    return int(stack.lab.ssh(HOST, COUNT).stdout)


@pytest.fixture
def empty(stack: EngineStack, tmp_path: Path) -> Iterator[EngineStack]:
    """The same stack with an empty state, and an account with a message in its archive."""
    stack.lab.ssh(HOST, ADD, stdin=secrets.token_hex(16))
    stack.lab.ssh(HOST, TELL)
    (tmp_path / "state").mkdir()
    empty = EngineStack(stack.lab, backend=tmp_path / "state")
    empty.pulumi("stack", "init")
    yield empty
    stack.lab.ssh(HOST, "/usr/local/lib/im/account remove keeper")


def test_the_backup_is_restored_and_nothing_differs(stack: EngineStack, empty: EngineStack, tmp_path: Path) -> None:
    before = archived(stack)
    stack.pulumi("stack", "export", "--file", str(tmp_path / "backup.json"))

    empty.pulumi("stack", "import", "--file", str(tmp_path / "backup.json"))

    assert empty.changes("--refresh") == {}
    empty.up("--refresh", "--expect-no-changes")
    empty.verify()
    assert archived(empty) == before > 0


def adopt(stack: EngineStack, folder: Path) -> subprocess.CompletedProcess[str]:
    """`scripts/adopt`, in the form for programs."""
    words = ["scripts/adopt", stack.lab.stack, "--folder", str(folder), "--format", "json"]
    return stack.lab.run(["env", *stack.environment(), *words])


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
    assert archived(empty) == before > 0
    assert stack.lab.ssh(HOST, "cat /etc/postgresql/im.pgpass").stdout == kept
    empty.pulumi("stack", "export", "--file", str(tmp_path / "found.json"))
    stack.pulumi("stack", "import", "--file", str(tmp_path / "found.json"))
    assert stack.changes("--refresh") == {}  # the tests that follow go on with what was found
