"""What holds for every service of every component, so that a new one inherits it."""

import re

import pytest

from components.deployment import COMPONENTS
from onprem.declarations import HostShape, ServiceShape, complete
from tests.recording import Program

NEVER_FAILS = re.compile(r"(\|\|\s*(true|:)|;\s*true|;\s*exit 0)\s*$|^\s*(true|:|exit 0|echo\b[^|&;]*)\s*$")


def test_the_provider_accepts_what_is_declared(program: Program) -> None:
    kinds = (("onprem:index:Service", ServiceShape), ("onprem:index:Host", HostShape))
    for kind, shape in kinds:
        for resource in program.of(kind):
            assert complete(shape, dict(resource.inputs))[1] == [], resource.name


def test_every_component_has_a_health_command(program: Program) -> None:
    healthy = {service.parent for service in program.services.values() if "healthy" in service.inputs}
    assert {service.parent for service in program.services.values()} == healthy


def test_whatever_runs_a_unit_has_a_health_command_that_can_fail(program: Program) -> None:
    for service in program.services.values():
        if service.inputs.get("units") or "healthy" in service.inputs:
            assert not NEVER_FAILS.search(service.inputs["healthy"]["command"]), service.name


@pytest.mark.parametrize("command", ["true", ":", "exit 0", "echo ok", "curl http://x || true", "curl http://x; true"])
def test_commands_that_cannot_fail_are_recognised(command: str) -> None:
    assert NEVER_FAILS.search(command)


def test_units_act_on_paths_of_their_own_service(program: Program) -> None:
    for service in program.services.values():
        files = set(service.inputs.get("files", {}))
        for name, unit in service.inputs.get("units", {}).items():
            paths = {*unit.get("reload_on", ()), *unit.get("restart_on", ())}
            assert paths <= files, (service.name, name)


def test_validated_paths_are_files_of_the_service(program: Program) -> None:
    for service in program.services.values():
        assert set(service.inputs.get("validate", {})) <= set(service.inputs.get("files", {})), service.name


def test_steps_wait_for_steps_of_their_own_service(program: Program) -> None:
    for service in program.services.values():
        steps = service.inputs.get("steps", {})
        assert all(set(step.get("after", ())) <= set(steps) for step in steps.values()), service.name


def test_files_say_where_they_come_from(program: Program) -> None:
    for host in program.of("onprem:index:Host"):
        for path, content in program.files(host.name).items():
            written = re.sub(r"\$\{(value|secret):[^}]+\}", "", content).strip()
            if (
                "\n" in written
                and not path.endswith(".json")
                and "/authorized_keys.d/" not in path
                and "${secret:" not in content
            ):
                assert "managed by Pulumi; edit components/" in "\n".join(content.splitlines()[:4]), path


def test_what_confirms_knows_the_administrators(program: Program) -> None:
    for service in program.services.values():
        if service.inputs.get("confirm"):
            assert service.inputs["values"]["administrators"], service.name


def test_ssh_and_firewall_are_confirmed(program: Program) -> None:
    confirmed = {service.inputs["service"] for service in program.services.values() if service.inputs.get("confirm")}
    assert confirmed == {"ssh", "firewall"}


def test_hosts_fetch_every_package_ahead(program: Program) -> None:
    for host in program.of("onprem:index:Host"):
        services = [service for service in program.services.values() if service.inputs["host"] == host.name]
        wanted = {name for service in services for name in service.inputs.get("packages", {})}
        assert set(host.inputs["packages"]) == wanted


def test_data_is_protected_where_the_stack_says_so(program: Program, topology: str) -> None:
    keepers = {component.name for component in COMPONENTS if component.holds_data}
    protected = {service.inputs["service"] for service in program.services.values() if service.protect}
    present = {service.inputs["service"] for service in program.services.values()}
    assert protected == (keepers & present if topology in ("prod", "machines") else set())


def test_a_host_has_few_resources_beside_certificates(program: Program) -> None:
    for host in program.of("onprem:index:Host"):
        assert len([name for name in program.services if name.startswith(f"{host.name}/")]) <= 17
