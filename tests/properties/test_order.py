"""One host at a time within a component, stage after stage between them, requirements before anything."""

from collections.abc import Mapping

from components.deployment import COMPONENTS, STAGES
from tests.recording import Program, Registered


def before(program: Program) -> dict[str, set[str]]:
    """For each resource, by URN, everything that the engine finishes before it."""
    known = {resource.urn: resource for resource in program.resources}
    found: dict[str, set[str]] = {}
    for urn in known:
        collect(urn, known, found)
    return found


def collect(urn: str, known: Mapping[str, Registered], found: dict[str, set[str]]) -> set[str]:
    """A resource waits for its dependencies, and for all that its parent waits for."""
    if urn not in found:
        resource = known.get(urn)
        direct = {*resource.dependencies, resource.parent} & known.keys() if resource else set()
        found[urn] = direct.union(*(collect(other, known, found) for other in direct)) if direct else set()
    return found[urn]


def test_each_host_waits_for_the_one_before_it(program: Program) -> None:
    waits = before(program)
    for component in COMPONENTS:
        services = [service for service in program.services.values() if service.inputs["service"] == component.name]
        depth = sorted(sum(other.urn in waits[service.urn] for other in services) for service in services)
        assert depth == list(range(len(services))), component.name


def test_each_stage_waits_for_the_one_before_it(program: Program) -> None:
    waits = before(program)
    names = [{component.name for component in stage} for stage in STAGES]
    placed = [[each for each in program.services.values() if each.inputs["service"] in stage] for stage in names]
    placed = [stage for stage in placed if stage]
    for earlier, later in zip(placed, placed[1:], strict=False):
        assert all(first.urn in waits[second.urn] for first in earlier for second in later)


def test_nothing_changes_before_every_host_meets_its_requirements(program: Program) -> None:
    waits = before(program)
    hosts = {host.urn for host in program.of("onprem:index:Host")}
    assert all(hosts <= waits[service.urn] for service in program.services.values())


def test_what_a_host_loses_goes_in_the_opposite_order(program: Program) -> None:
    """The engine deletes by what resources name themselves; what their parents wait for does not count then."""
    stages = {component.name: number for number, stage in enumerate(STAGES) for component in stage}
    stages["package-units"] = stages["package"]
    named = {resource.urn: set(resource.dependencies) for resource in program.resources}
    for service in program.services.values():
        waits = reached(service.urn, named)
        for other in program.services.values():
            is_earlier = stages[other.inputs["service"]] < stages[service.inputs["service"]]
            if is_earlier and other.inputs["host"] == service.inputs["host"]:
                assert other.urn in waits, (service.name, other.name)


def reached(urn: str, named: Mapping[str, set[str]]) -> set[str]:
    """Everything that is named by `urn`, and by what that names."""
    found, to_do = set[str](), {urn}
    while to_do:
        to_do = set().union(*(named.get(each, ()) for each in to_do)) - found
        found |= to_do
    return found
