"""A declaration is checked before anything is touched."""

from typing import Any

import pytest

from onprem.agent.declaration import File, Step, Unit, parse
from onprem.agent.errors import AgentError


def test_defaults_stand_for_what_is_left_out() -> None:
    parsed = parse("web", {"files": {"/etc/x": {"content": "a"}}, "units": {"a.service": {}}, "healthy": None})

    assert parsed.files["/etc/x"] == File("/etc/x", "a", 0o644, "root", "root", early=False)
    assert parsed.units["a.service"] == Unit("a.service", running=True, enabled=True, reload_on=(), restart_on=())
    assert parsed.healthy is None


def test_a_step_is_read_as_it_is_sent() -> None:
    wire = {"read": "r", "want": "w", "act": "a", "after": ["b"], "when": "before_start", "seconds": 5.0}

    parsed = parse("web", {"steps": {"s": wire}}).steps["s"]

    assert parsed == Step("s", "r", "w", "a", stdin="", after=("b",), when="before_start", seconds=5)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("etc/x", "etc/x: a managed path must be absolute and in its shortest form"),
        ("/etc/../root/x", "/etc/../root/x: a managed path must be absolute and in its shortest form"),
        ("/etc//x", "/etc//x: a managed path must be absolute and in its shortest form"),
        ("/", "/: a managed path must be absolute and in its shortest form"),
        ("/var/lib/onprem/lock", "/var/lib/onprem/lock: this path cannot be managed"),
        ("/proc/sys/x", "/proc/sys/x: this path cannot be managed"),
    ],
)
def test_a_path_that_could_lead_elsewhere_is_refused(path: str, message: str) -> None:
    with pytest.raises(AgentError) as caught:
        parse("web", {"files": {path: {"content": ""}}})

    assert str(caught.value) == message


@pytest.mark.parametrize("service", ["../etc", "", "a/b", None, ".hidden"])
def test_a_name_that_is_no_folder_is_refused(service: Any) -> None:
    with pytest.raises(AgentError) as caught:
        parse(service, {})

    assert str(caught.value) == (
        f"{service!r} is no name of a service; letters, digits, dots, dashes and underscores are"
    )


def test_a_missing_property_is_named() -> None:
    with pytest.raises(AgentError) as caught:
        parse("web", {"files": {"/etc/x": {"mode": "0644"}}})

    assert str(caught.value) == "web: the declaration cannot be read: KeyError('content')"
