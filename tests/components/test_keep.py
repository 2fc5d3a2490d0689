"""What a stack file keeps as it is."""

import pytest

from components.deployment import COMPONENTS
from components.keep import without
from components.problems import SettingsError
from components.resources import File, ServiceState, Step, Unit
from tests.recording import as_config, config_of, run, settings_of

STATE = ServiceState(
    packages={"greet": ""},
    files={"/etc/a": File(content="a"), "/etc/b": File(content="b")},
    units={"greet.service": Unit(reload_on=("/etc/a",), restart_on=("/etc/a", "/etc/b"))},
    steps={"first": Step(read="r", want="w", act="a"), "second": Step(read="r", want="w", act="a", after=("first",))},
    validate={"/etc/a": "check {staged}"},
)


def test_what_is_kept_is_not_declared_and_nothing_refers_to_it() -> None:
    left = without(STATE, ["file /etc/a", "step first", "package greet"], "im:keep.one.greet")

    assert left == ServiceState(
        files={"/etc/b": File(content="b")},
        units={"greet.service": Unit(restart_on=("/etc/b",))},
        steps={"second": Step(read="r", want="w", act="a")},
    )


def test_nothing_kept_is_the_declaration() -> None:
    assert without(STATE, [], "im:keep.one.greet") == STATE


def test_what_is_not_declared_cannot_be_kept() -> None:
    with pytest.raises(SettingsError) as refused:
        without(STATE, ["file /etc/c", "unit greet.socket"], "im:keep.one.greet")

    assert str(refused.value) == (
        "im:keep.one.greet: the service declares no file /etc/c; remove it here: there is nothing to keep\n"
        "im:keep.one.greet: the service declares no unit greet.socket; remove it here: there is nothing to keep"
    )


def test_a_service_that_is_kept_is_no_resource_and_its_packages_are_not_fetched() -> None:
    keep = {"dev1": {"haproxy": ["all"], "time": ["package chrony"]}}

    program = run({**config_of("dev"), **as_config({"im:keep": keep})})

    assert "dev1/haproxy" not in program.services
    assert "dev1/haproxy-local" in program.services
    (host,) = program.of("onprem:index:Host")
    assert "haproxy" in host.inputs["packages"]  # of haproxy-local
    assert "curl" not in host.inputs["packages"]
    assert "chrony" not in host.inputs["packages"]
    assert "packages" not in program.services["dev1/time"].inputs


@pytest.mark.parametrize(
    ("keep", "sentence"),
    [
        (
            {"dev2": {"time": ["all"]}},
            "im:keep.dev2: there is no host dev2 in onprem:hosts; the hosts are dev1",
        ),
        (
            {"dev1": {"tiem": ["all"]}},
            "im:keep.dev1.tiem: there is no service tiem; the services are "
            + ", ".join(sorted(component.name for component in COMPONENTS)),
        ),
        (
            {"dev1": {"time": ["files /etc/motd"]}},
            "im:keep.dev1.time[0]: files /etc/motd names nothing that can be kept; write all, or a kind and a name as"
            " in file /etc/motd, of package, user, directory, file, unit, step",
        ),
    ],
)
def test_a_mistake_is_told_by_its_path(keep: object, sentence: str) -> None:
    with pytest.raises(SettingsError) as refused:
        settings_of({**config_of("dev"), **as_config({"im:keep": keep})})

    assert str(refused.value) == sentence
