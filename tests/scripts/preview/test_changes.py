"""What a step of the engine means for a service on a host."""

from typing import Any

import pytest

from commands.preview.changes import ServiceChange, changes
from commands.preview.digest import Digest
from commands.preview.effects import Effects
from commands.preview.items import Item
from commands.preview.report import diff, phrase
from onprem.previews import lines
from tests.scripts.preview.recordings import digest

TYPE = "im:load_balancers/haproxy:HAProxy$onprem:index:Service"


def _unit(**fields: Any) -> dict[str, Any]:
    return {"running": True, "enabled": True, "reload_on": [], "restart_on": [], **fields}


def _file(content: str, mode: str = "0644") -> dict[str, Any]:
    return {"content": content, "mode": mode, "owner": "root", "group": "root", "early": False}


def _digest(op: str, before: dict[str, Any], after: dict[str, Any], **more: Any) -> Digest:
    urn = f"urn:pulumi:dev::im::{more.pop('type', TYPE)}::db1/haproxy"
    step = {
        "op": op,
        "urn": urn,
        "oldState": {"custom": True, "outputs": before, "protect": more.pop("protect", False)},
    }
    step |= {"newState": {"custom": True, "inputs": after}} if op != "delete" else {}
    messages = [{"urn": urn, "severity": severity, "message": text} for severity, text in more.pop("said", ())]
    return Digest.model_validate({"steps": [step | more], "diagnostics": messages})


def _change(op: str, before: dict[str, Any], after: dict[str, Any], **more: Any) -> ServiceChange:
    return changes(_digest(op, before, after, **more), (), live=False).services[0]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"restart_on": ["/a"]}, {"restart_on": ["/a"]}, Effects(restarts=("u",))),
        ({"reload_on": ["/a"]}, {"reload_on": ["/a"]}, Effects(reloads=("u",))),
        ({"reload_on": ["/a"]}, {"restart_on": ["/a"], "reload_on": ["/a"]}, Effects(restarts=("u",))),
        ({}, {}, Effects()),
        ({"running": False}, {"restart_on": ["/a"]}, Effects(starts=("u",))),
        ({}, {"running": False, "restart_on": ["/a"]}, Effects(stops=("u",))),
        ({"running": False}, {"running": False, "restart_on": ["/a"]}, Effects()),
    ],
)
def test_a_changed_file_acts_on_the_units_that_watch_it(
    before: dict[str, Any], after: dict[str, Any], expected: Effects
) -> None:
    old = {"files": {"/a": _file("x\n")}, "units": {"u": _unit(**before)}}
    new = {"files": {"/a": _file("y\n")}, "units": {"u": _unit(**after)}}

    assert _change("update", old, new).effects == expected


def test_a_file_that_goes_reloads_what_watched_it() -> None:
    old = {"files": {"/a": _file("x\n")}, "units": {"u": _unit(restart_on=["/a"])}}

    assert _change("update", old, {"units": {"u": _unit()}}).effects == Effects(reloads=("u",))


def test_a_unit_that_goes_stops() -> None:
    assert _change("update", {"units": {"u": _unit()}}, {}).effects == Effects(stops=("u",))


def test_another_version_of_a_package_restarts_what_runs() -> None:
    old, new = ({"packages": {"p": version}, "units": {"u": _unit()}} for version in ("1", "2"))

    assert _change("update", old, new).effects == Effects(restarts=("u",))


def test_any_version_of_a_package_restarts_nothing() -> None:
    old, new = ({"packages": {"p": version}, "units": {"u": _unit()}} for version in ("1", ""))

    assert _change("update", old, new).effects == Effects()


def test_a_member_hands_over_only_before_a_restart() -> None:
    old, restarts, reloads = (
        {"files": {"/a": _file(text)}, "units": {"u": _unit(**{watch: ["/a"]})}, "before_restart": "drain"}
        for text, watch in (("x\n", "restart_on"), ("y\n", "restart_on"), ("y\n", "reload_on"))
    )

    assert _change("update", old, restarts).effects.hands_over
    assert not _change("update", old, reloads).effects.hands_over


def test_a_step_may_restart_what_it_sets() -> None:
    step = {"read": "r", "want": "1", "act": "a", "restarts": "PostgreSQL", "restarts_on": ["/a"]}
    old = {"files": {"/a": _file("x\n")}, "steps": {"settings": step}}
    by_file = {"files": {"/a": _file("y\n")}, "steps": {"settings": step}}
    by_setting = {"files": {"/a": _file("x\n")}, "steps": {"settings": {**step, "want": "2"}}}
    by_nothing = {"files": {"/a": _file("x\n")}, "steps": {"settings": {**step, "act": "b"}}}

    assert _change("update", old, by_file).effects == Effects(may_restart=("PostgreSQL",))
    assert _change("update", old, by_setting).effects == Effects(may_restart=("PostgreSQL",))
    assert _change("update", old, by_nothing).effects == Effects()
    assert _change("create", {}, by_file).effects == Effects()


def test_a_deleted_member_leaves_its_cluster() -> None:
    assert _change("delete", {"units": {"u": _unit()}, "leave": "go"}, {}).effects == Effects(
        stops=("u",), hands_over=True
    )


def test_a_changed_secret_reaches_the_files_that_refer_to_it_and_their_units() -> None:
    declared = {
        "files": {"/a": _file("${secret:key}\n"), "/b": _file("none\n")},
        "secrets": {"key": "[secret]", "other": "[secret]"},
        "units": {"u": _unit(restart_on=["/a"])},
    }
    change = _change("update", declared, declared, detailedDiff={"secrets.key": {"kind": "update"}})

    assert change.items == (Item("change", "secret", "key"), Item("change", "file", "/a", "by secret key"))
    assert change.effects == Effects(restarts=("u",))


def test_the_text_of_a_value_is_never_told() -> None:
    old, new = ({"values": {"certificate": text}} for text in ("ONE", "TWO"))
    change = _change("update", old, new)

    assert change.items == (Item("change", "value", "certificate"),)
    assert not [line for line in diff(change) if "ONE" in line or "TWO" in line]


def test_what_was_read_last_is_compared_not_what_was_declared() -> None:
    change = _change("update", {"files": {"/a": _file("live\n")}}, {"files": {"/a": _file("declared\n")}})

    assert change.items == (Item("change", "file", "/a", "", ("@@ -1 +1 @@", "-live", "+declared")),)


def test_a_missing_end_of_line_is_a_difference() -> None:
    change = _change("update", {"files": {"/a": _file("x")}}, {"files": {"/a": _file("x\n", mode="0600")}})

    assert phrase(change.items[0]) == "~ file /a (+1 -1, mode 0644 => 0600)"
    assert change.items[0].lines == ("@@ -1 +1 @@", "-x (no end of line)", "+x")


@pytest.mark.parametrize(
    ("stores", "more"),
    [
        (("haproxy",), {}),
        ((), {"protect": True}),
        ((), {"type": "im:data_stores/gone:Gone$onprem:index:Service"}),
    ],
)
def test_a_deleted_data_store_is_known_by_its_component_its_place_or_its_protection(
    stores: tuple[str, ...], more: dict[str, Any]
) -> None:
    assert changes(_digest("delete", {}, {}, **more), stores, live=False).services[0].deletes_data_store


def test_another_service_that_goes_is_no_data_store() -> None:
    assert not changes(_digest("delete", {}, {}), ("postgresql",), live=False).services[0].deletes_data_store


@pytest.mark.parametrize("name", ["create-replacement", "delete-replaced"])
def test_the_parts_of_a_replacement_count_once(name: str) -> None:
    whole = _digest("replace", {}, {})
    part = whole.steps[0].model_copy(update={"op": name})

    assert len(Digest(steps=(part, *whole.steps, part)).changes) == 1
    assert len(Digest(steps=(part,)).changes) == 1


def test_the_steps_of_a_refresh_are_no_changes() -> None:
    assert [step.op for step in digest("drift").changes] == ["update", "update", "update"]


def test_what_the_provider_saw_on_the_host_of_a_new_service_is_told() -> None:
    """The note is the provider's own."""
    declared = {
        "files": {"/a": _file("x\ny\n"), "/b": _file("b\n"), "/c": _file("${secret:key}\n")},
        "packages": {"p": ""},
        "units": {"u": _unit(restart_on=["/a"]), "v": _unit(restart_on=["/a"]), "w": _unit()},
    }
    live = {
        "files": {"/a": _file("x\n", mode="0600")},
        "units": {"u": _unit(), "v": _unit(running=False, enabled=False)},
    }
    note = "\n".join(["db1/haproxy: would change on the host:", *lines(declared, live, {"/c": ["${secret:key}"]})])
    change = _change("create", {}, declared, said=[("info", f"{note}\n")])

    assert [phrase(item) for item in change.items] == [
        "+ package p",
        "~ file /a (+1 -0, mode: 0600 => 0644)",
        "+ file /b (+1 -0)",
        "~ file /c (${secret:key} not known yet)",
        "~ unit v (running: no => yes, enabled: no => yes)",
        "+ unit w",
    ]
    assert change.effects == Effects(restarts=("u",), starts=("v", "w"))
    assert change.live


def test_a_host_that_is_as_declared_changes_nothing() -> None:
    said = [("info", "db1/haproxy: the host is already as declared\n")]
    change = _change("create", {}, {"packages": {"p": ""}, "units": {"u": _unit()}}, said=said)

    assert (change.items, change.effects) == ((), Effects())


def test_a_host_that_could_not_be_looked_at_is_a_warning() -> None:
    said = [("warning", "warning: db1/haproxy: the live host could not be looked at. db1: does not answer\n")]
    found = changes(_digest("create", {}, {"packages": {"p": ""}}, said=said), (), live=True)

    assert found.warnings == ("db1/haproxy: the live host could not be looked at. db1: does not answer",)
    assert not found.services[0].live
    assert [item.name for item in found.services[0].items] == ["p"]
