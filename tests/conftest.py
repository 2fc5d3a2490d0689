"""Shared by the tests of the program: each stack's recorded program, once a run."""

import functools

import pytest

from tests.recording import Program, config_of, run

PROGRAM_STACKS = ("dev",)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--regenerate-golden", action="store_true", help="write tests/golden anew from the program")


@functools.cache
def recorded(stack: str) -> Program:
    """The program of a stack. It is never changed, so that tests can share it."""
    return run(config_of(stack), stack)


@pytest.fixture(params=PROGRAM_STACKS)
def stack(request: pytest.FixtureRequest) -> str:
    """The name of each stack in turn."""
    return str(request.param)


@pytest.fixture
def program(stack: str) -> Program:
    """The program of `stack` as it was recorded."""
    return recorded(stack)
