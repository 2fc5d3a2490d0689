"""Defaults of what a declaration leaves out."""

from onprem.declarations import ServiceShape, complete, renewed

STEP = {"read": "cat x", "want": "yes", "act": "echo yes > x"}
UNIT = {"running": True, "enabled": True, "reload_on": []}


def test_a_state_of_an_older_release_does_not_differ_by_settings_it_could_not_have() -> None:
    old = {"host": "h", "service": "s", "steps": {"go": STEP}, "units": {"a.service": UNIT}, "packages": {"htop": ""}}
    declared, problems = complete(ServiceShape, old)

    assert problems == []
    assert renewed({**old, "unfinished": "the start"}) == {**declared, "unfinished": "the start"} != old
    assert "restart_on" in declared["units"]["a.service"]


def test_what_is_no_map_stays_as_it_is() -> None:
    assert renewed({"steps": "[secret]", "files": {"/a": "[unknown]"}}) == {
        "steps": "[secret]",
        "files": {"/a": "[unknown]"},
    }
