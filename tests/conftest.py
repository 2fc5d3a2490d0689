"""Shared by the tests of the program: what it registers for each topology, recorded once."""

import pytest
from hypothesis import HealthCheck, settings

from tests.recording import Program
from tests.topologies import TOPOLOGIES, recorded

# How long a test takes is that of the machine, and says nothing of the program.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--regenerate-golden", action="store_true", help="write tests/golden anew from the program")
    parser.addoption("--every-cut", action="store_true", help="cut runs off at every point, not only at some")
    parser.addoption("--cluster", action="store_true", help="also what takes half an hour on several lab hosts")


@pytest.fixture(params=TOPOLOGIES)
def topology(request: pytest.FixtureRequest) -> str:
    """The name of each topology in turn."""
    return str(request.param)


@pytest.fixture
def program(topology: str) -> Program:
    """What the program registers for `topology`."""
    return recorded(topology)
