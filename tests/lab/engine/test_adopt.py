"""docs/existing-hosts.md, followed on a host that was built by hand: imported untouched, then as declared."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.lab.conftest import labs
from tests.lab.engine.engine_stack import EngineStack, errors
from tests.lab.hand_built import CONFIG, HOST, HandBuilt
from tests.lab.private_lab import ROOT

DOCUMENT = (ROOT / "docs" / "existing-hosts.md").read_text()
BLOCK = re.compile(r"^   ```sh\n(.*?)^   ```$", re.MULTILINE | re.DOTALL)
INIT, LOOK, TAKE, IMPORT, PROVE, DROP, GO_ON = (
    [line.strip() for line in block.splitlines()] for block in BLOCK.findall(DOCUMENT)
)
NOT_MOVED = {"ejabberd": ["all"], "haproxy": ["all"], "haproxy-local": ["all"]}


class Walk:
    """An operator with the page in front of them; `prod` is the lab's stack."""

    def __init__(self, host: HandBuilt) -> None:
        self.host = host
        self.stack = EngineStack(host.lab)

    def follow(self, commands: list[str]) -> list[str]:
        """What each command prints."""
        return [self.run(command) for command in commands]

    def run(self, command: str) -> str:
        lab = self.host.lab
        ours = re.sub(r"\bprod\b", lab.stack, command)
        words = [word.replace("stacks/", f"{lab.stacks}/") for word in ours.split()]
        if words[0] == "cp":
            return str(shutil.copy(*words[1:]))
        if words[0] == "rm":
            shutil.rmtree(ROOT / words[-1])
            return ""
        extra = ["--yes", "--skip-preview"] if words[:2] == ["pulumi", "up"] else []
        return lab.run([*words, *extra], check=words[0] != "scripts/preview").stdout

    def preview(self) -> dict[str, Any]:
        """`scripts/preview --live`, for a program."""
        done = self.host.lab.run(["scripts/preview", self.host.lab.stack, "--live", "--format", "json"], check=False)
        (found,) = json.loads(done.stdout)["stacks"]
        return dict(found)

    def keep(self, keep: dict[str, Any]) -> None:
        """What the operator leaves of `im:keep`."""
        path = self.host.lab.stack_file
        document = yaml.safe_load(path.read_text())
        self.host.lab.declare({**document["config"], "im:keep": {HOST: keep}})


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    if shutil.which("pulumi") is None:
        pytest.skip("needs the Pulumi engine: no pulumi on PATH")
    with labs(tmp_path_factory) as make:
        host = HandBuilt(make(CONFIG))
        host.build()
        yield Walk(host)
    shutil.rmtree(ROOT / ".adopt" / host.lab.stack, ignore_errors=True)


def test_as_it_is_the_preview_shows_exactly_what_was_reported(walk: Walk, tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    aside = EngineStack(walk.host.lab, backend=tmp_path / "state")
    aside.pulumi("stack", "init")
    stack = walk.host.lab.stack
    look = ["scripts/adopt", stack, "--folder", str(tmp_path), "--format", "json"]
    reported = json.loads(walk.host.lab.run(look).stdout)["preview"]
    options = IMPORT[0].partition("proposed.json ")[2].split()

    aside.pulumi("import", "--file", str(tmp_path / stack / "import.json"), *options)

    backend = f"PULUMI_BACKEND_URL=file://{aside.backend}"
    words = ["env", backend, "scripts/preview", stack, "--live", "--format", "json"]
    (shown,) = json.loads(walk.host.lab.run(words, check=False).stdout)["stacks"]
    assert len(shown["services"]) == 12
    assert (shown["services"], shown["resources"]) == (reported["services"], reported["resources"])


def test_the_walk_up_to_the_proof_changes_nothing(walk: Walk) -> None:
    before = (walk.host.tree(), walk.host.units(), walk.host.data())

    for commands in (INIT, LOOK, TAKE, IMPORT, PROVE, DROP):
        walk.follow(commands)

    assert (walk.host.tree(), walk.host.units(), walk.host.data()) == before
    assert not (ROOT / ".adopt" / walk.host.lab.stack).exists()


def test_then_it_becomes_as_declared_and_no_row_or_message_is_lost(walk: Walk) -> None:
    before = walk.host.data()
    kept = yaml.safe_load(walk.host.lab.stack_file.read_text())["config"]["im:keep"][HOST]
    walk.keep({**kept, "system": []})
    assert [change["service"] for change in walk.preview()["services"]] == ["system"]

    walk.keep(NOT_MOVED)
    walk.follow(GO_ON)

    after = walk.host.data()
    assert (after["rows"], after["queue"]) == (before["rows"], before["queue"])
    assert sorted(after["users"].splitlines()) == ["im\t[]", "shop\t[]", "user\ttags"]
    assert walk.host.ask("cd / && runuser -u postgres -- psql -XAtc 'SELECT pg_is_in_recovery()'") == "f\n"
    assert walk.host.ask("curl -s localhost:8081") == "shop"
    assert walk.stack.changes("--refresh") == {}


ACCOUNTS = "ls -l --time-style=full-iso /var/lib/ejabberd/passwd.DAT; cat /etc/ejabberd/ejabberd.yml"


def test_accounts_in_mnesia_are_refused_and_ejabberd_goes_on(walk: Walk) -> None:
    before = walk.host.ask(ACCOUNTS)
    walk.keep({"haproxy": ["all"]})

    done = walk.stack.up(check=False)

    assert done.returncode != 0
    said = "\n".join(errors(done.stdout))
    assert "ejabberd has accounts in Mnesia, and accounts are in PostgreSQL here" in said
    assert "the previous files are back" in said
    assert walk.host.ask(ACCOUNTS) == before
    assert walk.host.ask("ejabberdctl registered_users localhost") == "alice\n"
