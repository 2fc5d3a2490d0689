"""The order of quickstart's steps, and what it says at the end; the steps themselves run in the lab."""

from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from commands.quickstart.__main__ import main
from commands.quickstart.summary import summary
from commands.verify.outputs import Accounts, Endpoints, Outputs

OUTPUTS = Outputs(
    endpoints=Endpoints(domain="chat.test", addresses=("10.0.0.1",), ports={"starttls": 5222, "tls": 5223, "web": 443}),
    ca="PEM",
    accounts=Accounts(host="im1", address="10.0.0.1"),
)
STACK = """
config:
  onprem:hosts:
    im1: {address: 10.0.0.1, address6: "fd00::1"}
  im:roles: {load_balancer: [im1], im: [im1]}
"""


def _shown(folder: Path, **options: Any) -> str:
    (folder / "Pulumi.one.yaml").write_text(STACK)
    console = Console(width=200, record=True, quiet=False, file=(folder / "out").open("w"))
    console.print(summary("one", folder, OUTPUTS, Path(".lab/one/ca.pem"), **options))
    return console.export_text()


def test_says_what_runs_where_and_how_to_log_in(tmp_path: Path) -> None:
    shown = _shown(tmp_path, has_engine=True)

    for part in ("load balancer, im", "fd00::1", "alice@chat.test", "account add alice", ".lab/one/ca.pem", "5222"):
        assert part in shown


@pytest.mark.parametrize(("has_engine", "repair"), [(True, "pulumi up --refresh"), (False, "scripts/apply one")])
def test_proposes_a_repair_by_what_deployed_it(tmp_path: Path, has_engine: bool, repair: str) -> None:
    assert repair in _shown(tmp_path, has_engine=has_engine)


def test_refuses_a_stack_that_does_not_exist(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["no-such-stack"]) == 1

    assert capsys.readouterr().err.startswith("quickstart: no-such-stack: no stack of this name in ")
