"""What the readers of scripted hosts tell, and what is made of it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from onprem.connections import Connections
from onprem.errors import OnPremError
from onprem.hosts import Hosts
from onprem.inventory import Login
from onprem.modes import Modes
from onprem.services import Services
from onprem.told import warning
from tests.provider.scripted import Said, ScriptedHosts

LOGINS = {"web1": Login("192.0.2.1")}
READING = Modes(reader="onprem-reader")
ACCESS = {"mode": "0644", "owner": "root", "group": "root"}


def file(content: str) -> dict[str, Any]:
    return {"content": content, **ACCESS, "early": False}


def declared(**files: str) -> dict[str, Any]:
    found = {f"/etc/{name}": file(content) for name, content in files.items()}
    return {"host": "web1", "service": "nginx", "files": found, "secrets": {"pw": "canary"}}


def told(live: dict[str, Any], manifest: dict[str, Any]) -> dict[str, Any]:
    return {"live": {"files": live["files"]}, "declared": {**manifest, "secrets": {"pw": ""}}}


def use(hosts: ScriptedHosts, act: Callable[[Services, Said], Awaitable[Any]]) -> Said:
    said = Said()

    async def run() -> None:
        connections = Connections(LOGINS, hosts)
        await act(Services(connections, READING), said)
        await connections.close()

    asyncio.run(run())
    return said


def test_a_reader_is_told_nothing_but_the_service() -> None:
    hosts = ScriptedHosts({op: lambda _: told(declared(x="a\n"), declared(x="a\n")) for op in ("read", "look")})

    async def act(services: Services, said: Said) -> None:
        assert await services.read(declared(x="a\n"), {}, said) == declared(x="a\n")
        await services.look(declared(x="a\n"), said)

    said = use(hosts, act)
    assert [{**request, "id": 0} for request in hosts.requests] == [
        {"id": 0, "op": "read", "service": "nginx"},
        {"id": 0, "op": "look", "service": "nginx"},
    ]
    assert (said.warnings, said.notes) == ([], ["web1/nginx: the host is already as declared"])


def test_what_the_host_was_not_told_is_as_last_known_and_said() -> None:
    hosts = ScriptedHosts({"read": lambda _: told(declared(x="b\n"), declared(x="a\n"))})
    state = declared(x="a\n", y="known\n")

    async def act(services: Services, said: Said) -> None:
        found = await services.read(declared(x="a\n", y="new\n", z="new\n"), state, said)
        assert found["files"] == declared(x="b\n", y="known\n")["files"]

    assert use(hosts, act).warnings == [
        'web1/nginx: the host was last told otherwise than the state has it (files["/etc/y"], files["/etc/z"]); its'
        " reader goes by what the host was told, and of what it was not told the last known state stands"
    ]


def test_many_differences_are_counted() -> None:
    names = {f"n{number}": "a\n" for number in range(7)}

    assert 'files["/etc/n4"] and 2 more)' in warning(declared(**names), declared())


def test_a_look_does_not_guess_what_was_not_looked_at() -> None:
    hosts = ScriptedHosts({"look": lambda _: told(declared(x="b\n"), declared(x="a\n"))})
    inputs = {**declared(x="a\n", y="new\n"), "packages": {"bc": ""}}

    said = use(hosts, lambda services, said: services.look(inputs, said))

    assert said.notes == [
        "web1/nginx: would change on the host:\n"
        "? package bc: not looked at, the host's manifest does not list it\n"
        "~ file /etc/x:\n"
        "    @@ -1 +1 @@\n"
        "    -b\n"
        "    +a\n"
        "? file /etc/y: not looked at, the host's manifest does not list it; declared:\n"
        "     new"
    ]


def test_a_service_that_no_manifest_has_was_not_looked_at() -> None:
    hosts = ScriptedHosts({"look": lambda _: {"message": "the reader serves only what is listed"}})

    said = use(hosts, lambda services, said: services.look(declared(), said))

    assert said.warnings == [
        "web1/nginx: the live host could not be looked at. web1/nginx: the reader serves only what is listed"
    ]


@pytest.mark.parametrize("change", ["create", "delete"])
def test_nothing_is_changed_with_the_readers_key(change: str) -> None:
    hosts = ScriptedHosts({})

    async def act(services: Services, said: Said) -> None:
        with pytest.raises(OnPremError) as error:
            await getattr(services, change)(declared(), said)
        assert str(error.value) == (
            "web1/nginx: cannot be changed while ONPREM_READER is set: the login onprem-reader only reads; unset it,"
            " and use a key that may change the host"
        )

    use(hosts, act)
    assert hosts.logins == []


def test_no_packages_are_fetched_with_the_readers_key() -> None:
    async def run() -> None:
        with pytest.raises(OnPremError, match=r"^web1: cannot be changed while ONPREM_READER is set: "):
            await Hosts(Connections(LOGINS, ScriptedHosts({})), READING).create({"host": "web1"}, Said())

    asyncio.run(run())
