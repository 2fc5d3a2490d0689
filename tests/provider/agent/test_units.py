"""What systemd's words mean."""

import pytest

from onprem.agent.units import State, defines_units


def state(enabled: str) -> State:
    return State("a.service", exists=True, active=True, idle=False, enabled=enabled, can_reload=False)


@pytest.mark.parametrize("word", ["enabled", "enabled-runtime"])
def test_an_enabled_unit_is_enabled_whatever_is_wanted(word: str) -> None:
    assert state(word).is_enabled(wanted=False)


@pytest.mark.parametrize("word", ["disabled", "masked", "linked", "not-found"])
def test_a_disabled_or_masked_unit_is_not(word: str) -> None:
    assert not state(word).is_enabled(wanted=True)


@pytest.mark.parametrize("word", ["static", "generated", "indirect", "transient"])
def test_a_unit_that_cannot_be_enabled_is_as_wanted(word: str) -> None:
    assert state(word).is_enabled(wanted=True)
    assert not state(word).is_enabled(wanted=False)


@pytest.mark.parametrize(
    ("path", "defines"),
    [
        ("/etc/systemd/system/a.service", True),
        ("/etc/systemd/system/a.service.d/limits.conf", True),
        ("/etc/systemd/journald.conf", False),
        ("/etc/haproxy/haproxy.cfg", False),
    ],
)
def test_units_and_their_drop_ins_need_a_daemon_reload(path: str, defines: bool) -> None:
    assert defines_units([path]) is defines
