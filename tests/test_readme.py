"""The README's steps work as written, and what it names exists."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
SECTION = README.partition("\n## Add a component\n")[2].partition("\n## ")[0]
STEP = re.compile(r"^\d\. (.*?)(?=^\d\. |\Z)", re.MULTILINE | re.DOTALL)
BLOCK = re.compile(r"^   ```(\w+)\n(.*?)^   ```$", re.MULTILINE | re.DOTALL)
STEPS = STEP.findall(SECTION)


def _blocks(step: int) -> list[str]:
    """The code of one step, without the list's indentation."""
    return [re.sub(r"^ {3}", "", code, flags=re.MULTILINE) for _, code in BLOCK.findall(STEPS[step - 1])]


def _path(step: int) -> str:
    """The file that a step names first."""
    found = re.search(r"`([\w/.-]+/[\w.-]+\.\w+)`", STEPS[step - 1])
    assert found, STEPS[step - 1]
    return found.group(1)


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the tree in which the steps have been followed."""
    folder = tmp_path_factory.mktemp("readme") / "clone"
    ignored = shutil.ignore_patterns(".*", "__pycache__", "lab")
    shutil.copytree(ROOT, folder, ignore=ignored)
    (folder / ".venv").symlink_to(ROOT / ".venv")
    for step in (1, 2, 6):
        path = folder / _path(step)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_blocks(step)[0])
    _insert(folder / "components" / "settings.py", _blocks(3), before="\n    @pydantic.model_validator")
    _insert(folder / "components" / "deployment.py", _blocks(4), before=')\n"""Components of one stage')
    with (folder / _path(5)).open("a") as example:
        example.write("\n" + _blocks(5)[0])
    for line in _blocks(7)[0].splitlines():
        _run(folder, "sh", "-c", line)
    return folder


def _insert(path: Path, blocks: list[str], before: str) -> None:
    """The import after the other imports of components, the line at the end of its list."""
    statement, line = blocks
    head, _, rest = path.read_text().rpartition("\nfrom components.")
    last, newline, rest = rest.partition("\n")
    text = f"{head}\nfrom components.{last}{newline}{statement}{rest}"
    assert before in text
    path.write_text(text.replace(before, line + before, 1))


def _run(folder: Path, *command: str) -> None:
    environment = {**os.environ, "PYTHONPATH": f"{folder}/scripts:{folder}/provider:{folder}"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"


def test_the_new_component_reaches_its_host(clone: Path) -> None:
    motd = clone / "tests" / "golden" / "dev" / "dev1" / "etc" / "motd"

    assert motd.read_text() == "# managed by Pulumi; edit components/templates/greeting/motd.j2\nBe careful.\n"


def test_the_rules_and_its_own_test_hold_for_the_new_component(clone: Path) -> None:
    rules = [f"tests/properties/test_{name}.py" for name in ("one_owner", "order", "secrets", "services", "table")]
    held = ["tests/components/operations", "tests/components/test_schema.py", "tests/test_golden.py", *rules]
    _run(clone, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *held)


def test_every_path_that_it_names_exists() -> None:
    rest = README.replace(SECTION, "")
    named = re.findall(r"`((?:components|provider|scripts|stacks|tests)/[\w./-]*)[ `]", rest)

    assert len(named) > 15
    assert [path for path in named if not (ROOT / path).exists()] == []
