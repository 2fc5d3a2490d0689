"""The order of steps."""

from typing import Any

import pytest

from onprem.agent.declaration import parse
from onprem.agent.errors import AgentError
from onprem.agent.steps import in_order


def order(**after: Any) -> list[str]:
    steps = {
        name: {"read": "r", "want": "w", "act": "a", **(rest if isinstance(rest, dict) else {"after": rest})}
        for name, rest in after.items()
    }
    return [step.name for step in in_order(parse("web", {"steps": steps}).steps)]


def test_a_step_comes_after_those_it_names() -> None:
    assert order(a=["c"], b=[], c=["b"]) == ["b", "c", "a"]


def test_steps_that_wait_for_each_other_are_refused() -> None:
    with pytest.raises(AgentError) as caught:
        order(a=["b"], b=["a"])

    assert str(caught.value) == "steps wait for each other: a after b after a"


def test_a_step_after_one_that_is_not_there_is_refused() -> None:
    with pytest.raises(AgentError) as caught:
        order(a=["x"])

    assert str(caught.value) == "step a comes after x, and there is no step of that name"


def test_a_step_before_the_start_cannot_come_after_one_that_needs_it() -> None:
    with pytest.raises(AgentError) as caught:
        order(a={"after": ["b"], "when": "before_start"}, b=[])

    assert str(caught.value) == "step a runs before the start and so cannot come after b"
