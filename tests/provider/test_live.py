"""Outputs: what was found in the place of what was declared."""

from typing import Any

import pytest

from onprem.declarations import ServiceShape, complete
from onprem.differences import Kind, differences
from onprem.live import outputs

DECLARED, _ = complete(
    ServiceShape,
    {
        "host": "web1",
        "service": "nginx",
        "packages": {"nginx": "", "curl": "8"},
        "users": {"web": {"groups": ["adm"]}},
        "directories": {"/srv": {}},
        "files": {"/etc/x": {"content": "a\n", "early": True}},
        "values": {"a": "b"},
        "secrets": {"c": "d"},
        "units": {"nginx.service": {"reload_on": ["/etc/x"]}},
        "steps": {"site": {"read": "cat /s", "want": "yes", "act": "echo yes >/s"}},
        "validate": {"/etc/x": "true"},
        "leave": "true",
        "healthy": {"command": "true"},
    },
)
LIVE: dict[str, Any] = {
    "packages": {"nginx": "1.22.1-9", "curl": "8"},
    "users": {"web": {"system": True, "home": "/nonexistent", "shell": "/usr/sbin/nologin", "groups": ["adm", "web"]}},
    "directories": {"/srv": {"mode": "0755", "owner": "root", "group": "root"}},
    "files": {"/etc/x": {"content": "a\n", "mode": "0644", "owner": "root", "group": "root"}},
    "units": {"nginx.service": {"running": True, "enabled": True}},
    "steps": {"site": {"want": "yes\n"}},
}


def drift(**changed: Any) -> dict[str, Kind]:
    return differences(outputs(DECLARED, {**LIVE, **changed}), DECLARED)


def test_an_untouched_host_does_not_differ() -> None:
    assert outputs(DECLARED, LIVE) == DECLARED


@pytest.mark.parametrize(
    ("changed", "paths"),
    [
        ({"packages": {"curl": "7"}}, {"packages.nginx": Kind.ADD, "packages.curl": Kind.UPDATE}),
        ({"files": {}}, {'files["/etc/x"]': Kind.ADD}),
        ({"files": {"/etc/x": {"content": "b\n"}}}, {'files["/etc/x"].content': Kind.UPDATE}),
        ({"units": {"nginx.service": {"running": False}}}, {'units["nginx.service"].running': Kind.UPDATE}),
        ({"steps": {"site": {"want": "no"}}}, {"steps.site.want": Kind.UPDATE}),
        ({"users": {"web": {"groups": []}}}, {"users.web.groups[0]": Kind.ADD}),
        ({"unfinished": "apply cut off"}, {"unfinished": Kind.DELETE}),
    ],
)
def test_each_drift_is_exactly_its_path(changed: dict[str, Any], paths: dict[str, Kind]) -> None:
    assert drift(**changed) == paths


def test_a_step_with_a_final_newline_differs_in_whole_lines() -> None:
    declared = {**DECLARED, "steps": {"site": {**DECLARED["steps"]["site"], "want": "heading\n"}}}
    found = outputs(declared, {**LIVE, "steps": {"site": {"want": "heading\nmore"}}})
    assert found["steps"]["site"]["want"] == "heading\nmore\n"


@pytest.mark.parametrize(("known", "paths"), [({}, []), ({"steps": {"site": {"want": "no"}}}, ["steps.site.want"])])
def test_a_step_that_could_not_be_read_is_as_last_known(known: dict[str, Any], paths: list[str]) -> None:
    live = {**LIVE, "steps": {"site": {"unread": "exit code 2: no answer"}}}
    assert list(differences(outputs(DECLARED, live, known), DECLARED)) == paths


@pytest.mark.parametrize(
    ("name", "value", "path"),
    [
        ("healthy", {"command": "false", "seconds": 60}, "healthy.command"),
        ("leave", "false", "leave"),
        ("validate", {"/etc/x": "false"}, 'validate["/etc/x"]'),
        ("confirm", True, "confirm"),
        ("values", {"a": "c"}, "values.a"),
        ("secrets", {"c": "e"}, "secrets.c"),
    ],
)
def test_a_change_of_what_has_no_live_form_is_a_change_too(name: str, value: Any, path: str) -> None:
    assert list(differences(outputs(DECLARED, LIVE), {**DECLARED, name: value})) == [path]


@pytest.mark.parametrize("key", ["read", "act", "stdin"])
def test_a_changed_command_of_a_step_is_a_change_too(key: str) -> None:
    steps = {"site": {**DECLARED["steps"]["site"], key: "other"}}
    assert list(differences(outputs(DECLARED, LIVE), {**DECLARED, "steps": steps})) == [f"steps.site.{key}"]
