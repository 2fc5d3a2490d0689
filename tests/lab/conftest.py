"""Labs for the tests that need real hosts; without root on Debian those tests are skipped, saying why."""

import contextlib
import secrets
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
import yaml

from commands.lab import requirements
from tests.lab.deployed import Deployed
from tests.lab.private_lab import ROOT, PrivateLab

LabFactory = Callable[[Mapping[str, Any]], PrivateLab]


@contextlib.contextmanager
def labs(folders: pytest.TempPathFactory) -> Iterator[LabFactory]:
    """Makes a lab from a stack's whole config, `onprem:hosts` included; all of them end with the block."""
    reason = requirements.unmet()
    if reason:
        pytest.skip(reason)
    made: list[PrivateLab] = []

    def make(config: Mapping[str, Any]) -> PrivateLab:
        stack = f"test-{secrets.token_hex(3)}"
        private = PrivateLab(stack, folders.mktemp(stack))
        made.append(private)
        private.declare(config)
        private.lab("up")
        return private

    try:
        yield make
    finally:
        for private in made:
            private.lab("down")


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabFactory]:
    """Labs of the tests of one file."""
    with labs(tmp_path_factory) as make:
        yield make


@pytest.fixture(scope="session")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """The stack `dev` on a host of its own, deployed without the engine."""
    stack_file = yaml.safe_load((ROOT / "stacks" / "Pulumi.dev.yaml").read_text())
    with labs(tmp_path_factory) as make:
        made = Deployed(make(stack_file["config"]), tmp_path_factory.mktemp("saved"))
        made.first = made.apply()
        yield made


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The deployed stack comes last: while it runs, its servers take time from every other test."""
    items.sort(key=lambda item: "deployed" in getattr(item, "fixturenames", ()))
