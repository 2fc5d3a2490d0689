"""The proposed settings in the operator's stack file."""

import pytest
import yaml

from commands.adopt import AdoptError
from commands.adopt.proposal import written

STACK = """\
# Our stack.
config:
  im:domain: chat.example.org # the domain
  im:system: {host_kernel: false}

  im:roles:
    im: [one]
encryptionsalt: v1:abc
"""


def test_a_new_setting_comes_last_and_all_else_stays() -> None:
    text = written(
        "stack", STACK, {"im:keep": {"one": {"time": ["file /etc/chrony/chrony.conf", "unit chrony.service"]}}}
    )

    kept = "    one:\n      time:\n      - file /etc/chrony/chrony.conf\n      - unit chrony.service\n"
    assert text == STACK.replace("encryptionsalt", f"  im:keep:\n{kept}encryptionsalt")


def test_a_setting_that_is_there_takes_its_new_value_in_its_place() -> None:
    text = written(
        "stack", STACK, {"im:system": {"host_kernel": False, "journal_days": 7}, "im:roles": {"im": ["two"]}}
    )

    assert text == STACK.replace("{host_kernel: false}", "{host_kernel: false, journal_days: 7}").replace(
        "im:roles:\n    im: [one]", "im:roles: {im: [two]}"
    )


def test_nothing_new_changes_nothing() -> None:
    assert written("stack", STACK, {}) == STACK


def test_a_file_without_a_last_newline_is_written_to() -> None:
    text = written("stack", "config:\n  a: b", {"im:size": "small"})

    assert yaml.safe_load(text) == {"config": {"a": "b", "im:size": "small"}}


def test_a_comment_that_would_go_leaves_the_file_alone() -> None:
    stack = "config:\n  im:time:\n    # ours\n    servers: [a]\n"

    with pytest.raises(AdoptError) as refused:
        written("stack", stack, {"im:time": {"servers": ["b"]}})

    assert str(refused.value) == "stack: im:time: has comments, which would go; write by hand: im:time: {servers: [b]}"


@pytest.mark.parametrize("stack", ["config: {a: b}\n", "encryptionsalt: x\n", ""])
def test_a_file_of_another_form_is_left_alone(stack: str) -> None:
    with pytest.raises(AdoptError) as refused:
        written("stack", stack, {"im:size": "small"})

    assert str(refused.value) == (
        "stack: config is not a block of keys, one a line; write the settings into it by hand"
    )
