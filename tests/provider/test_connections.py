"""Requests over one connection per host."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from onprem import connections as subject
from onprem.connections import Connections
from onprem.errors import OnPremError
from onprem.inventory import Login
from onprem.report import Silence
from tests.provider.scripted import Said, Script, ScriptedHosts

LOGINS = {"db1": Login("192.0.2.1"), "db2": Login("192.0.2.2")}


def use(hosts: ScriptedHosts, act: Callable[[Connections], Awaitable[None]]) -> None:
    async def run() -> None:
        connections = Connections(LOGINS, hosts)
        await act(connections)
        await connections.close()

    asyncio.run(run())


def message_of(script: Script, op: str, last_words: str = "") -> str:
    caught = ""

    async def act(connections: Connections) -> None:
        nonlocal caught
        with pytest.raises(OnPremError) as error:
            await (await connections.get("db1")).request(op, Silence(), service="postgresql")
        caught = str(error.value)

    use(ScriptedHosts(script, last_words=last_words), act)
    return caught


def test_one_connection_serves_requests_side_by_side() -> None:
    hosts = ScriptedHosts({"read": lambda request: {"live": {"service": request["service"]}}})
    services = [f"s{number}" for number in range(20)]

    async def act(connections: Connections) -> None:
        async def read(service: str) -> str:
            answer = await (await connections.get("db1")).request("read", Silence(), service=service)
            return str(answer["live"]["service"])

        assert await asyncio.gather(*(read(service) for service in services)) == services

    use(hosts, act)
    assert hosts.logins == [("db1", False)]


def test_callers_that_come_at_once_share_the_failure_and_a_later_one_tries_again() -> None:
    hosts = ScriptedHosts({}, unreachable=("db2",))

    async def act(connections: Connections) -> None:
        errors = await asyncio.gather(*(connections.get("db2") for _ in range(5)), return_exceptions=True)
        assert {str(error) for error in errors} == {"db2: cannot be reached at 192.0.2.2"}
        with pytest.raises(OnPremError):
            await connections.get("db2")

    use(hosts, act)
    assert hosts.logins == [("db2", False)] * 2


def test_progress_reaches_the_report() -> None:
    hosts = ScriptedHosts({"prefetch": lambda _: [{"progress": "downloading 14 packages"}, {"downloaded": 14}]})
    said = Said()

    async def act(connections: Connections) -> None:
        answer = await (await connections.get("db1")).request("prefetch", said, packages=["a"])
        assert answer == {"downloaded": 14}

    use(hosts, act)
    assert said.statuses == ["downloading 14 packages"]


def test_the_agent_is_told_that_we_are_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "HEARTBEAT_SECONDS", 0.01)
    hosts = ScriptedHosts({})

    async def act(connections: Connections) -> None:
        await connections.get("db1")
        while not hosts.requests:
            await asyncio.sleep(0.01)

    use(hosts, act)
    assert hosts.requests[0] == {"op": "ping"}


def test_an_error_says_what_failed_what_is_as_before_and_what_stayed() -> None:
    error = {
        "message": "postgresql: not healthy after 60 s",
        "rolled_back": ["/etc/postgresql.conf", "postgresql.service"],
        "stayed": ["package postgresql"],
        "journal": ["FATAL: no room", "exited"],
    }
    assert message_of({"apply": lambda _: error}, "apply") == (
        "db1/postgresql: not healthy after 60 s\n"
        "As before: /etc/postgresql.conf, postgresql.service.\n"
        "Stayed on the host: package postgresql.\n"
        "Last lines of the journal:\n"
        "  FATAL: no room\n"
        "  exited"
    )


def test_a_connection_lost_in_a_change_says_that_the_host_takes_it_back() -> None:
    assert message_of({"apply": lambda _: None}, "apply", "Timeout, server 192.0.2.1 not responding.\r\n") == (
        "db1: the connection was lost (Timeout, server 192.0.2.1 not responding.);"
        " the host takes back by itself what was under way; run it again"
    )


def test_a_connection_lost_in_a_read_says_so() -> None:
    assert message_of({"read": lambda _: None}, "read") == "db1: the connection was lost"


def test_a_lost_connection_is_replaced_by_the_next_request() -> None:
    hosts = ScriptedHosts({"apply": lambda _: None, "read": lambda _: {"live": {}}})

    async def act(connections: Connections) -> None:
        with pytest.raises(OnPremError):
            await (await connections.get("db1")).request("apply", Silence())
        assert await (await connections.get("db1")).request("read", Silence()) == {"live": {}}

    use(hosts, act)
    assert len(hosts.logins) == 2


def test_a_declaration_that_is_too_large_is_refused_before_it_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onprem.frames.LARGEST", 1024 * 1024)
    hosts = ScriptedHosts({})

    async def act(connections: Connections) -> None:
        with pytest.raises(OnPremError) as error:
            await (await connections.get("db1")).request("apply", Silence(), declared={"x": "y" * 3 * 1024 * 1024})
        assert str(error.value) == "db1: the declaration takes 3 MiB; 1 MiB is the limit"

    use(hosts, act)
    assert hosts.requests == []


def test_an_unknown_host_names_the_known_ones() -> None:
    async def act(connections: Connections) -> None:
        with pytest.raises(OnPremError) as error:
            await connections.get("db3")
        assert str(error.value) == "db3: not in onprem:hosts; known hosts: db1, db2"

    use(ScriptedHosts({}), act)


def test_closing_ends_what_is_under_way() -> None:
    hosts = ScriptedHosts({"apply": lambda _: [], "read": lambda _: {"live": {}}})

    async def act(connections: Connections) -> None:
        connection = await connections.get("db1")
        asking = asyncio.create_task(connection.request("apply", Silence()))
        await connection.request("read", Silence())
        await connections.close()
        with pytest.raises(OnPremError) as error:
            await asking
        assert str(error.value) == (
            "db1: the connection was closed; the host takes back by itself what was under way; run it again"
        )

    use(hosts, act)
