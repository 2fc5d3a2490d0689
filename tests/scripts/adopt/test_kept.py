"""What a proposal keeps as it is."""

from commands.adopt.kept import keep
from commands.adopt.look import ServiceLook
from commands.preview.changes import ServiceChange
from commands.preview.items import Item

DECLARED = {"files": {"/etc/a": {"content": "a"}, "/etc/b": {"content": "b"}}, "units": {}}
CHANGE = ServiceChange("update", "one", "greet", (Item("change", "file", "/etc/a"), Item("add", "step", "stamp")))
KNOWN = ("greet", "package")


def look(*same: str) -> dict[str, ServiceLook]:
    """A host on which the files `same` are as declared."""
    return {"one/greet": ServiceLook(DECLARED, {"files": {path: DECLARED["files"][path] for path in same}})}


def test_what_differs_is_kept_thing_by_thing_beside_what_was_kept_before() -> None:
    before = {"one": {"greet": ["unit greet.service"], "time": ["all"]}}

    found = keep([CHANGE], look("/etc/b"), before, KNOWN)

    assert found == {"one": {"greet": ["unit greet.service", "file /etc/a", "step stamp"], "time": ["all"]}}
    assert before["one"]["greet"] == ["unit greet.service"]


def test_a_service_of_which_nothing_is_as_declared_is_kept_whole() -> None:
    assert keep([CHANGE], look(), {}, KNOWN) == {"one": {"greet": ["all"]}}


def test_a_service_that_would_be_created_is_kept_whole() -> None:
    assert keep([ServiceChange("create", "one", "greet", ())], look(), {}, KNOWN) == {"one": {"greet": ["all"]}}


def test_what_a_component_declares_beside_its_service_is_kept_with_it() -> None:
    change = ServiceChange("update", "one", "package-units", (Item("change", "unit", "chat.service"),))

    assert keep([change], {}, {}, KNOWN) == {"one": {"package": ["all"]}}
