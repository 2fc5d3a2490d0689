"""The stack `dev` on a host of its own, deployed by the Pulumi engine; skipped where there is none on PATH."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import yaml

from tests.lab.conftest import labs
from tests.lab.engine.engine_stack import Done, EngineStack
from tests.lab.private_lab import ROOT

HOST = "dev1"


@dataclass(frozen=True)
class Story:
    """What happened until the stack was deployed: `before` is the bare host, `preview` the first one."""

    stack: EngineStack
    before: dict[str, Any]
    preview: Done
    locked: Done
    up: Done


@pytest.fixture(scope="session")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """One for all files."""
    if shutil.which("pulumi") is None:
        pytest.skip("needs the Pulumi engine: no pulumi on PATH")
    stack_file = yaml.safe_load((ROOT / "stacks" / "Pulumi.dev.yaml").read_text())
    with labs(tmp_path_factory) as make:
        yield deploy(EngineStack(make(stack_file["config"])))


def deploy(stack: EngineStack) -> Story:
    """From a bare host; the first `pulumi up` is killed while a package is being installed."""
    before = stack.snapshot(HOST)
    stack.pulumi("stack", "init")
    preview = stack.pulumi("preview", "--diff")
    stack.up_killed_at("installing rabbitmq-server")
    locked = stack.up(check=False)
    stack.pulumi("cancel", "--yes")
    return Story(stack, before, preview, locked, stack.up())


@pytest.fixture(scope="session")
def stack(story: Story) -> EngineStack:
    """Deployed, and as declared."""
    return story.stack
