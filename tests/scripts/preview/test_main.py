"""`scripts/preview` as it is run."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.scripts.preview.recordings import RECORDED
from tests.scripts.preview.scripted_engine import scripted_engine

ROOT = Path(__file__).parents[3]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy without labs, with the stack files of two stacks."""
    folder = tmp_path / "project"
    folder.mkdir()
    for name in ("scripts", "provider", "components", ".venv", "requirements.txt"):
        (folder / name).symlink_to(ROOT / name)
    (folder / "stacks").mkdir()
    for stack in ("dev", "test"):
        shutil.copy(ROOT / "stacks" / "Pulumi.dev.yaml", folder / "stacks" / f"Pulumi.{stack}.yaml")
    return folder


def _preview(project: Path, tmp_path: Path, recordings: dict[str, tuple[int, str]], *arguments: str) -> tuple[int, str]:
    answers = {
        f"preview --json --non-interactive --suppress-permalink --show-replacement-steps=false --refresh=false"
        f" --stack {stack}": (status, (RECORDED / f"{name}.json").read_text(), "")
        for stack, (status, name) in recordings.items()
    }
    engine = scripted_engine(tmp_path / "engine", answers)
    command = [str(ROOT / ".venv" / "bin" / "python"), "-m", "commands.preview", *arguments]
    paths = os.pathsep.join(str(project / name) for name in ("scripts", "provider", "."))
    environment = {**os.environ, **engine.environment, "PYTHONPATH": paths}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.returncode, done.stdout


@pytest.mark.parametrize(
    ("recordings", "status", "result"),
    [
        ({"dev": (0, "same")}, 0, "same"),
        ({"dev": (0, "changes")}, 2, "changes"),
        ({"dev": (1, "refused")}, 1, "failed"),
        ({"dev": (0, "same"), "test": (0, "changes")}, 2, "changes"),
        ({"dev": (1, "refused"), "test": (0, "changes")}, 1, "failed"),
    ],
)
def test_the_exit_code_says_no_change_changes_or_failed(
    project: Path, tmp_path: Path, recordings: dict[str, tuple[int, str]], status: int, result: str
) -> None:
    code, output = _preview(project, tmp_path, recordings, *recordings, "--format", "json")

    assert code == status
    assert json.loads(output)["result"] == result


def test_a_failed_stack_does_not_hide_the_others(project: Path, tmp_path: Path) -> None:
    recordings = {"dev": (1, "refused"), "test": (0, "changes")}
    _, output = _preview(project, tmp_path, recordings, "nosuch", "dev", "test", "--format", "json")

    found = {stack["stack"]: stack for stack in json.loads(output)["stacks"]}
    assert {name: stack["result"] for name, stack in found.items()} == {
        "nosuch": "failed",
        "dev": "failed",
        "test": "changes",
    }
    assert found["dev"]["errors"] == [
        "im:domain: nonsense is no domain; write a full name in lower case, for example chat.example.org"
    ]
    assert len(found["test"]["services"]) == 4


def test_a_comment_is_cut_to_the_limit_that_is_asked_for(project: Path, tmp_path: Path) -> None:
    _, whole = _preview(project, tmp_path, {"dev": (0, "drift")}, "dev", "--format", "markdown", "--limit", "0")
    shutil.rmtree(tmp_path / "engine")
    _, cut = _preview(project, tmp_path, {"dev": (0, "drift")}, "dev", "--format", "markdown", "--limit", "3000")

    assert len(whole) > 5_000
    assert len(cut.encode()) <= 3_000


def test_a_state_without_secrets_is_compared_by_readers_only(project: Path, tmp_path: Path) -> None:
    code, output = _preview(project, tmp_path, {}, "dev", "--state", str(tmp_path), "--live", "--format", "json")

    assert code == 1
    assert json.loads(output)["stacks"][0]["errors"] == [
        "dev: --live with --state asks the hosts' readers: a state without secrets tells other logins nothing;"
        " set ONPREM_READER to their account, for example im-reader"
    ]


def test_says_what_it_does() -> None:
    done = subprocess.run([ROOT / "scripts" / "preview", "--help"], capture_output=True, text=True, check=False)

    assert done.returncode == 0
    assert "usage: scripts/preview " in done.stdout
