"""The resource Service on scripted hosts."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from onprem import services as subject
from onprem.connections import Connections
from onprem.errors import OnPremError
from onprem.inventory import Login
from onprem.modes import Modes
from onprem.services import IMPORTED_SECRET, Services
from tests.provider.scripted import Frame, Said, ScriptedHosts

LOGINS = {"web1": Login("192.0.2.1"), "web2": Login("192.0.2.2")}
FILE = {"content": "a\n", "mode": "0644", "owner": "root", "group": "root", "early": False}
INPUTS = {"host": "web1", "service": "nginx", "files": {"/etc/x": FILE}}
LIVE = {"files": {"/etc/x": {key: FILE[key] for key in ("content", "mode", "owner", "group")}}}


def use(hosts: ScriptedHosts, act: Callable[[Services, Said], Awaitable[Any]], modes: Modes | None = None) -> Said:
    said = Said()

    async def run() -> None:
        connections = Connections(LOGINS, hosts)
        await act(Services(connections, modes or Modes()), said)
        await connections.close()

    asyncio.run(run())
    return said


def sentence(hosts: ScriptedHosts, act: Callable[[Services, Said], Awaitable[Any]], modes: Modes | None = None) -> str:
    async def refused(services: Services, said: Said) -> None:
        with pytest.raises(OnPremError) as error:
            await act(services, said)
        said.notes.append(str(error.value))

    return use(hosts, refused, modes).notes[-1]


def applied(_: Frame) -> Frame:
    return {"live": LIVE, "notes": ["nginx.service reloaded"], "token": None}


def test_an_update_sends_both_declarations_and_returns_what_is_live() -> None:
    hosts = ScriptedHosts({"apply": applied})
    previous = {**INPUTS, "leave": "true"}

    async def act(services: Services, said: Said) -> None:
        assert await services.update(INPUTS, previous, said) == INPUTS

    said = use(hosts, act)
    assert said.notes == ["web1/nginx: nginx.service reloaded"]
    (request,) = hosts.asked("apply")
    assert request == {"id": 1, "op": "apply", "service": "nginx", "declared": INPUTS, "previous": previous}


def test_changes_of_one_host_wait_for_each_other() -> None:
    running = 0

    def count(request: Frame) -> Frame:
        nonlocal running
        running = len(hosts.asked("apply"))
        return applied(request)

    hosts = ScriptedHosts({"apply": count})

    async def act(services: Services, said: Said) -> None:
        lock = services._connections.writing("web1")
        async with lock:
            asking = asyncio.create_task(services.create(INPUTS, said))
            await services.create({**INPUTS, "host": "web2"}, said)
            assert running == 1
        await asking

    use(hosts, act)
    assert [host for host, _ in hosts.logins] == ["web2", "web1"]


def test_a_confirmed_change_is_proved_by_a_new_login() -> None:
    hosts = ScriptedHosts({"apply": lambda _: {"live": LIVE, "notes": [], "token": "t1"}, "confirm": lambda _: {}})
    use(hosts, lambda services, said: services.create({**INPUTS, "confirm": True}, said))
    assert hosts.logins == [("web1", False), ("web1", True)]
    (request,) = hosts.asked("confirm")
    assert request == {"id": 1, "op": "confirm", "service": "nginx", "token": "t1"}


def test_a_confirmed_change_without_a_new_login_says_that_the_host_puts_it_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(subject, "CONFIRM_SECONDS", 1)
    monkeypatch.setattr(subject, "RETRY_SECONDS", 0.1)

    def cut_off(_: Frame) -> Frame:
        hosts.unreachable = ("web1",)
        return {"live": LIVE, "notes": [], "token": "t1"}

    hosts = ScriptedHosts({"apply": cut_off})
    assert sentence(hosts, lambda services, said: services.create({**INPUTS, "confirm": True}, said)) == (
        "web1/nginx: no new login succeeded within 1 s, so the host puts back what was before."
        " web1: cannot be reached at 192.0.2.1"
    )
    assert len(hosts.logins) > 2


def test_read_shows_drift() -> None:
    live = {"files": {"/etc/x": {**LIVE["files"]["/etc/x"], "content": "b\n"}}}

    async def act(services: Services, said: Said) -> None:
        state = await services.read(INPUTS, {}, said)
        assert state["files"]["/etc/x"]["content"] == "b\n"

    use(ScriptedHosts({"read": lambda _: {"live": live}}), act)


def test_read_keeps_the_last_known_state_of_a_step_that_could_not_be_read() -> None:
    step = {"read": "cat /s", "want": "yes", "act": "true"}
    inputs = {**INPUTS, "steps": {"site": step}}
    live = {**LIVE, "steps": {"site": {"unread": "exit code 2: no answer"}}}
    last = {"steps": {"site": {"want": "no"}}}

    async def act(services: Services, said: Said) -> None:
        state = await services.read(inputs, last, said)
        assert state == {**inputs, "steps": {"site": {**step, "want": "no"}}}

    assert use(ScriptedHosts({"read": lambda _: {"live": live}}), act).warnings == [
        "web1/nginx: the state of step site could not be read: exit code 2: no answer; its last known state stands"
    ]


def test_an_import_reads_what_the_host_remembers() -> None:
    declared = {"service": "nginx", "files": {"/etc/x": {"content": "a\n"}}, "secrets": {"pw": ""}}
    hosts = ScriptedHosts(
        {"manifest": lambda _: {"declared": declared, "services": ["nginx"]}, "read": lambda _: {"live": LIVE}}
    )

    async def act(services: Services, said: Said) -> None:
        inputs, state = await services.find("web1/nginx", said)
        assert inputs == {**INPUTS, "secrets": {"pw": IMPORTED_SECRET}}
        assert state == inputs
        assert services.check(inputs, {}) == (inputs, [])

    use(hosts, act)


def test_a_damaged_manifest_is_not_imported() -> None:
    told = {"declared": None, "services": ["nginx"], "damaged": "m.json was damaged; restore it"}
    hosts = ScriptedHosts({"manifest": lambda _: told})

    assert sentence(hosts, lambda services, said: services.find("web1/nginx", said)) == (
        "web1/nginx: m.json was damaged; restore it"
    )


def test_a_mistyped_import_names_the_known_services() -> None:
    hosts = ScriptedHosts({"manifest": lambda _: {"declared": None, "services": ["redis", "nginx"]}})
    assert sentence(hosts, lambda services, said: services.find("web1/nginxx", said)) == (
        "web1/nginxx: web1 has no such service; known there: nginx, redis;"
        " what this provider did not make is taken over with scripts/adopt"
    )
    assert sentence(hosts, lambda services, said: services.find("web9/nginx", said)) == (
        "web9: not in onprem:hosts; known hosts: web1, web2"
    )
    assert sentence(hosts, lambda services, said: services.find("web1", said)) == (
        "web1: not the ID of a Service; expected <host>/<service>"
    )


def test_an_imported_secret_is_never_written() -> None:
    inputs = {**INPUTS, "secrets": {"pw": IMPORTED_SECRET}}
    assert sentence(ScriptedHosts({}), lambda services, said: services.update(inputs, inputs, said)) == (
        "web1/nginx: an import does not know secrets; give them in the program"
    )


def test_a_delete_tells_what_stays() -> None:
    kept = {"packages": ["nginx"], "users": [], "data": ["/srv/web"]}
    hosts = ScriptedHosts({"delete": lambda _: {"kept": kept, "notes": []}})
    said = use(hosts, lambda services, said: services.delete(INPUTS, said))
    assert said.warnings == ["web1/nginx: stays on the host: packages: nginx; data: /srv/web"]


def test_an_offline_host_keeps_its_state_and_refuses_changes() -> None:
    offline = Modes(offline=frozenset({"web1"}))
    hosts = ScriptedHosts({})

    async def act(services: Services, said: Said) -> None:
        assert await services.read(INPUTS, {"as": "last known"}, said) == {"as": "last known"}
        await services.look(INPUTS, said)

    said = use(hosts, act, offline)
    assert said.warnings == ["web1/nginx: not read, ONPREM_OFFLINE names its host; its last state stands"]
    refused = (
        "web1/nginx: cannot be changed while ONPREM_OFFLINE names web1; take it out once the host is back;"
        " if it never comes back, name it in ONPREM_GONE and remove it from the stack"
    )
    assert sentence(hosts, lambda services, said: services.create(INPUTS, said), offline) == refused
    assert sentence(hosts, lambda services, said: services.delete(INPUTS, said), offline) == refused
    assert hosts.logins == []


def test_what_is_deleted_on_a_host_that_is_gone_is_only_forgotten() -> None:
    gone, hosts = Modes(gone=frozenset({"web1"})), ScriptedHosts({})

    async def act(services: Services, said: Said) -> None:
        assert await services.read(INPUTS, {"as": "last known"}, said) == {"as": "last known"}
        await services.delete(INPUTS, said)

    said = use(hosts, act, gone)
    assert said.warnings == [
        "web1/nginx: not read, ONPREM_GONE names its host; its last state stands",
        "web1/nginx: forgotten, and nothing was done there: ONPREM_GONE names its host",
    ]
    assert sentence(hosts, lambda services, said: services.create(INPUTS, said), gone) == (
        "web1/nginx: ONPREM_GONE names web1, and the stack still declares it; remove it from the stack, or from"
        " ONPREM_GONE"
    )
    assert hosts.logins == []


def test_a_look_tells_what_would_change() -> None:
    live = {"files": {"/etc/x": {**LIVE["files"]["/etc/x"], "content": "b\n"}}}
    said = use(ScriptedHosts({"look": lambda _: {"live": live}}), lambda services, said: services.look(INPUTS, said))
    assert said.notes == ["web1/nginx: would change on the host:\n~ file /etc/x:\n    @@ -1 +1 @@\n    -b\n    +a"]
    said = use(ScriptedHosts({"look": lambda _: {"live": LIVE}}), lambda services, said: services.look(INPUTS, said))
    assert said.notes == ["web1/nginx: the host is already as declared"]


def test_a_look_at_an_unreachable_host_is_said_and_no_error() -> None:
    said = use(ScriptedHosts({}, unreachable=("web1",)), lambda services, said: services.look(INPUTS, said))
    assert said.warnings == ["web1/nginx: the live host could not be looked at. web1: cannot be reached at 192.0.2.1"]


def test_a_look_can_be_turned_off() -> None:
    hosts = ScriptedHosts({})
    use(hosts, lambda services, said: services.look(INPUTS, said), Modes(looks=False))
    assert hosts.logins == []


def test_names_that_are_the_id_cannot_change() -> None:
    async def act(services: Services, _: Said) -> None:
        assert services.check({**INPUTS, "host": "web2"}, INPUTS)[1] == [
            "host: cannot change from 'web1'; remove this resource and declare a new one"
        ]
        assert services.check({**INPUTS, "host": "web3"}, {})[1] == [
            "host: 'web3' is not in onprem:hosts; known hosts: web1, web2"
        ]

    use(ScriptedHosts({}), act)
