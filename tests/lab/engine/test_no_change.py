"""A deployed stack without a change: nothing is proposed, and each host is logged in to as rarely as can be."""

import pytest

from tests.lab.engine.conftest import HOST
from tests.lab.engine.engine_stack import EngineStack

OWN = 1
"""The login that counts."""


@pytest.mark.parametrize(
    ("command", "logins"),
    [
        (("preview", "--expect-no-changes"), 0),
        (("preview", "--refresh", "--expect-no-changes"), 1),
        (("up", "--yes", "--expect-no-changes"), 0),
        (("up", "--yes", "--refresh", "--expect-no-changes"), 2),
    ],
)
def test_a_phase_that_looks_at_a_host_logs_in_once(stack: EngineStack, command: tuple[str, ...], logins: int) -> None:
    before = stack.logins(HOST)
    stack.pulumi(*command)

    assert stack.logins(HOST) - before - OWN == logins
