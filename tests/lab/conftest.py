"""Labs for the tests that need real hosts; without root on Debian those tests are skipped, saying why."""

import secrets
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from commands.lab import requirements
from tests.lab.private_lab import PrivateLab

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
