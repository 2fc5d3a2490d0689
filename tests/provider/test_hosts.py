"""The resource Host on scripted hosts."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from onprem.connections import Connections
from onprem.errors import OnPremError
from onprem.hosts import Hosts
from onprem.inventory import Login
from onprem.modes import Modes
from tests.provider.scripted import Frame, Said, ScriptedHosts

INPUTS = {"host": "web1", "requirements": {"cores": 4, "raid": True}, "packages": ["nginx"]}
FACTS = {"cores": 2}


def use(hosts: ScriptedHosts, act: Callable[[Hosts, Said], Awaitable[Any]]) -> Said:
    said = Said()

    async def run() -> None:
        connections = Connections({"web1": Login("192.0.2.1")}, hosts)
        await act(Hosts(connections, Modes()), said)
        await connections.close()

    asyncio.run(run())
    return said


def measuring(cores: int) -> ScriptedHosts:
    def measure(_: Frame) -> Frame:
        return {"facts": FACTS, "measured": {"cores": cores, "raid": None}}

    return ScriptedHosts({"measure": measure, "prefetch": lambda _: {"downloaded": 1}})


def test_a_machine_that_meets_its_requirements_gets_its_packages_downloaded() -> None:
    hosts = measuring(cores=4)

    async def act(resource: Hosts, said: Said) -> None:
        assert await resource.create(INPUTS, said) == {**INPUTS, "facts": FACTS}

    said = use(hosts, act)
    assert [request["packages"] for request in hosts.asked("prefetch")] == [["nginx"]]
    assert said.warnings == ["web1: the machine does not tell whether its disks are redundant; make sure of it by hand"]


def test_an_unmet_requirement_fails_a_create_before_anything_is_downloaded() -> None:
    hosts = measuring(cores=2)

    async def act(resource: Hosts, said: Said) -> None:
        with pytest.raises(OnPremError) as error:
            await resource.create(INPUTS, said)
        assert str(error.value) == "web1: found 2 cores, needed 4 cores; add cores, or lower requirements.cores"

    use(hosts, act)
    assert hosts.asked("prefetch") == []


@pytest.mark.parametrize(
    "act", [lambda host, said: host.read(INPUTS, {}, said), lambda host, said: host.look(INPUTS, said)]
)
def test_an_unmet_requirement_is_a_warning_when_only_reading(act: Callable[[Hosts, Said], Awaitable[Any]]) -> None:
    assert use(measuring(cores=2), act).warnings == [
        "web1: found 2 cores, needed 4 cores; add cores, or lower requirements.cores",
        "web1: the machine does not tell whether its disks are redundant; make sure of it by hand",
    ]
