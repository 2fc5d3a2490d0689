"""A change that restarts the members of a cluster: one after the other, primaries and clients moved first."""

from collections.abc import Mapping

import pytest

from components.deployment import COMPONENTS
from tests.properties.test_order import before
from tests.recording import Program, Registered
from tests.topologies import recorded

MOVES: Mapping[str, str] = {
    "ejabberd": "/usr/local/lib/im/ejabberd-member drain",
    "postgresql": "/usr/local/lib/im/patroni-order hand-over",
    "rabbitmq": "/usr/local/lib/im/rabbitmq-member drain",
    "redis": "/usr/local/lib/im/redis-member hand-over",
}
"""What has to go elsewhere before a member restarts. etcd and Sentinel only vote; HAProxy is reloaded."""
LEAVES = ("ejabberd", "etcd", "postgresql", "rabbitmq", "redis")


def members(program: Program, name: str) -> list[Registered]:
    """The services of one component, in the order in which they are changed."""
    waits = before(program)
    found = [service for service in program.services.values() if service.inputs["service"] == name]
    return sorted(found, key=lambda service: sum(other.urn in waits[service.urn] for other in found))


@pytest.mark.parametrize("topology", ["test", "prod"])
@pytest.mark.parametrize("name", MOVES)
def test_what_a_member_has_goes_elsewhere_before_it_restarts(topology: str, name: str) -> None:
    orders = {service.inputs["before_restart"] for service in members(recorded(topology), name)}
    assert orders == {MOVES[name]}


@pytest.mark.parametrize("topology", ["test", "prod"])
@pytest.mark.parametrize("name", LEAVES)
def test_members_leave_before_they_are_deleted(topology: str, name: str) -> None:
    assert all(service.inputs["leave"] for service in members(recorded(topology), name))


@pytest.mark.parametrize("topology", ["test", "prod"])
def test_a_member_that_is_not_healthy_ends_the_roll(topology: str) -> None:
    """The engine begins nothing that waits for what failed, and a member fails unless it is healthy."""
    program = recorded(topology)
    waits = before(program)
    for component in COMPONENTS:
        for number, failed in enumerate(roll := members(program, component.name)):
            assert failed.inputs["healthy"]["command"]
            begun = [other for other in roll if failed.urn not in waits[other.urn]]
            assert begun == roll[: number + 1], component.name


@pytest.mark.parametrize(("topology", "hosts"), [("test", ["im1", "im2"]), ("prod", ["db1", "db2", "db3"])])
def test_the_roll_is_in_the_order_of_the_stack_file(topology: str, hosts: list[str]) -> None:
    assert [service.inputs["host"] for service in members(recorded(topology), "postgresql")] == hosts


def test_a_database_host_is_not_restarted_while_etcd_still_rolls(program: Program) -> None:
    waits = before(program)
    votes = {service.urn for service in members(program, "etcd")}
    assert all(votes <= waits[service.urn] for service in members(program, "postgresql"))
