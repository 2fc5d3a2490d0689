"""Every file that a stack puts on its hosts, reviewed like code: tests/golden/<stack>/<host>/<path>.

After a wanted change: scripts/python -m pytest tests/test_golden.py --regenerate-golden
"""

import shutil
from pathlib import Path

import pytest

from tests.recording import Program
from tests.topologies import recorded

GOLDEN = Path(__file__).parent / "golden"
STACKS = ("dev", "test", "prod")


@pytest.mark.parametrize("stack", STACKS)
def test_the_files_of_a_stack_are_those_reviewed(stack: str, pytestconfig: pytest.Config) -> None:
    declared = tree(recorded(stack))
    if pytestconfig.getoption("--regenerate-golden"):
        write(GOLDEN / stack, declared)
    assert declared == read(GOLDEN / stack)


def tree(program: Program) -> dict[str, str]:
    """`<host>/<path>` to content."""
    hosts = [host.name for host in program.of("onprem:index:Host")]
    return {f"{host}{path}": content for host in hosts for path, content in program.files(host).items()}


def read(folder: Path) -> dict[str, str]:
    """The tree as it was reviewed."""
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def write(folder: Path, files: dict[str, str]) -> None:
    """Replaces the tree."""
    shutil.rmtree(folder, ignore_errors=True)
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
