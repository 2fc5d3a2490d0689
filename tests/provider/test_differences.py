"""Differences between live and declared, as property paths."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from onprem.differences import Kind, differences

KEYS = st.text(alphabet='ab./"\\ _-9', min_size=1, max_size=6)
LEAVES = st.text(max_size=4) | st.booleans() | st.integers(0, 9)
TREES = st.recursive(LEAVES, lambda inner: st.dictionaries(KEYS, inner, max_size=4) | st.lists(inner, max_size=3))
STATES = st.dictionaries(KEYS, TREES, max_size=5)


def test_every_changed_leaf_has_its_path() -> None:
    live = {
        "files": {"/etc/x": {"content": "a", "mode": "0644"}, "/etc/gone": {"content": ""}},
        "units": {"x.service": {"running": False, "reload_on": ["/etc/x"]}},
        "unfinished": "apply",
    }
    declared = {
        "files": {"/etc/x": {"content": "b", "mode": "0600"}, "/etc/new": {"content": ""}},
        "units": {"x.service": {"running": True, "reload_on": ["/etc/x", "/etc/new"]}},
        "steps": {'the "im" one': {"want": "yes"}},
    }
    assert differences(live, declared) == {
        'files["/etc/gone"]': Kind.DELETE,
        'files["/etc/new"]': Kind.ADD,
        'files["/etc/x"].content': Kind.UPDATE,
        'files["/etc/x"].mode': Kind.UPDATE,
        "steps": Kind.ADD,
        "unfinished": Kind.DELETE,
        'units["x.service"].reload_on[1]': Kind.ADD,
        'units["x.service"].running': Kind.UPDATE,
    }


def test_quotes_in_names_are_escaped() -> None:
    assert list(differences({"steps": {'say "hi"': 1}}, {"steps": {'say "hi"': 2}})) == ['steps["say \\"hi\\""]']


@given(STATES)
def test_nothing_differs_from_itself(state: dict[str, Any]) -> None:
    assert differences(state, state) == {}


@given(STATES, STATES)
def test_two_states_differ_unless_they_are_equal(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert bool(differences(one, other)) == (one != other)


@given(STATES, STATES)
def test_turning_the_sides_round_turns_the_kinds_round(one: dict[str, Any], other: dict[str, Any]) -> None:
    turned = {Kind.ADD: Kind.DELETE, Kind.DELETE: Kind.ADD, Kind.UPDATE: Kind.UPDATE}
    assert differences(other, one) == {path: turned[kind] for path, kind in differences(one, other).items()}


@given(STATES, KEYS, TREES)
def test_a_change_is_reported_under_its_own_name_only(state: dict[str, Any], key: str, value: Any) -> None:
    changed = {**state, key: value}
    touched = differences({key: state[key]}, {key: value}) if key in state else differences({}, {key: value})
    assert differences(state, changed) == touched
