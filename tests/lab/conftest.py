"""Labs for the tests that need real hosts; without root on Debian those tests are skipped, saying why."""

import secrets
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
import yaml

from commands.lab import requirements
from tests.lab.deployed import Deployed
from tests.lab.private_lab import ROOT, PrivateLab

LabFactory = Callable[[Mapping[str, Any]], PrivateLab]


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabFactory]:
    """Makes a lab from a stack's whole config, `onprem:hosts` included; all of them end with the session."""
    reason = requirements.unmet()
    if reason:
        pytest.skip(reason)
    made: list[PrivateLab] = []

    def make(config: Mapping[str, Any]) -> PrivateLab:
        stack = f"test-{secrets.token_hex(3)}"
        private = PrivateLab(stack, tmp_path_factory.mktemp(stack))
        made.append(private)
        private.declare(config)
        private.lab("up")
        return private

    yield make
    for private in made:
        private.lab("down")


@pytest.fixture(scope="session")
def deployed(lab: LabFactory, tmp_path_factory: pytest.TempPathFactory) -> Deployed:
    """The stack `dev` on a host of its own, deployed without the engine."""
    stack_file = yaml.safe_load((ROOT / "stacks" / "Pulumi.dev.yaml").read_text())
    private = lab(stack_file["config"])
    made = Deployed(private, tmp_path_factory.mktemp("saved"))
    made.first = made.apply()
    return made
