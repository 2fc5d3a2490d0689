"""Looking at hosts: each over one connection, and none hides another."""

import asyncio
from typing import Any

import pytest

from commands.drift.findings import HostFound, Item, ServiceFound, Status
from commands.drift.look import CUT_OFF, STRANGER, Look, look
from commands.drift.state import State
from onprem.connections import Connections
from onprem.inventory import Login
from onprem.modes import Modes
from tests.provider.scripted import Frame, ScriptedHosts

LOGINS = {"web1": Login("192.0.2.1"), "web2": Login("192.0.2.2")}
FILE = {"content": "a\n", "mode": "0644", "owner": "root", "group": "root"}
EVERYWHERE = Modes()
DRIFTED = Item("file", "/etc/x", "mode: 0644 declared, 0600 found")


def service(host: str, name: str) -> dict[str, Any]:
    step = {"read": "r", "want": "yes", "act": "a"}
    return {"host": host, "service": name, "files": {"/etc/x": FILE}, "steps": {"made": step}}


STATE = State("pulumi", LOGINS, (service("web2", "nginx"), service("web1", "nginx"), service("web1", "ntp")))


def read(mode: str = "0644", **step: str) -> Frame:
    return {"live": {"files": {"/etc/x": {**FILE, "mode": mode}}, "steps": {"made": {"want": "yes", **step}}}}


def manifest(request: Frame, *strangers: str) -> Frame:
    known = service("any", request["service"])
    return {"declared": known, "services": ["nginx", "ntp", *strangers], "unfinished": []}


def state(*services: dict[str, Any]) -> State:
    return State("pulumi", LOGINS, services)


def run(hosts: ScriptedHosts, state: State = STATE, seconds: float = 30, modes: Modes = EVERYWHERE) -> Look:
    async def act() -> Look:
        return await look(state, Connections(state.logins, hosts), modes, seconds)

    return asyncio.run(act())


def test_a_look_reads_every_service_over_one_connection_for_each_host() -> None:
    hosts = ScriptedHosts({"read": lambda _: read(), "manifest": manifest})

    found = run(hosts, state(*STATE.services, service("web2", "ntp")))

    assert found == Look(
        tuple(HostFound(host, Status.LOOKED, (ServiceFound("nginx"), ServiceFound("ntp"))) for host in LOGINS), (), ()
    )
    assert sorted(hosts.logins) == [("web1", False), ("web2", False)]
    assert {request["op"] for request in hosts.requests} == {"read", "manifest"}


def test_a_host_that_cannot_be_reached_does_not_hide_drift_on_another() -> None:
    hosts = ScriptedHosts({"read": lambda _: read("0600"), "manifest": manifest}, unreachable=("web1",))

    found = run(hosts, state(service("web1", "nginx"), service("web2", "nginx"), service("web2", "ntp"))).hosts

    assert found == (
        HostFound("web1", Status.UNREACHABLE, reason="web1: cannot be reached at 192.0.2.1"),
        HostFound("web2", Status.LOOKED, (ServiceFound("nginx", (DRIFTED,)), ServiceFound("ntp", (DRIFTED,)))),
    )


def test_what_was_found_before_a_connection_was_lost_is_kept() -> None:
    def lost(request: Frame) -> Frame | None:
        return read("0600") if request["service"] == "nginx" else None

    hosts = ScriptedHosts({"read": lost, "manifest": manifest})

    (found,) = run(hosts, state(service("web1", "nginx"), service("web1", "ntp"))).hosts

    assert found == HostFound(
        "web1", Status.UNREACHABLE, (ServiceFound("nginx", (DRIFTED,)),), "web1: the connection was lost"
    )
    assert len(hosts.logins) == 1


@pytest.mark.parametrize(
    ("modes", "variable"),
    [(Modes(offline=frozenset({"web1"})), "ONPREM_OFFLINE"), (Modes(gone=frozenset({"web1"})), "ONPREM_GONE")],
)
def test_nothing_is_asked_of_a_host_that_is_away(modes: Modes, variable: str) -> None:
    hosts = ScriptedHosts({"read": lambda _: read(), "manifest": manifest})

    found = run(hosts, state(service("web1", "nginx")), modes=modes).hosts

    assert found == (HostFound("web1", Status.SKIPPED, reason=f"web1: skipped, {variable} names it"),)
    assert hosts.logins == []


def test_a_step_that_could_not_be_read_is_told_and_is_no_drift() -> None:
    hosts = ScriptedHosts({"read": lambda _: read(unread="exit status 1"), "manifest": manifest})

    (found,) = run(hosts, state(service("web1", "nginx"), service("web1", "ntp"))).hosts

    assert found.drift == 0
    assert found.services[0].not_read == (
        "web1/nginx: the state of step made could not be read: exit status 1; its last known state stands",
    )


def test_a_service_that_the_agent_cannot_read_is_told() -> None:
    failing = {"message": "this host runs an unknown system"}
    hosts = ScriptedHosts({"read": lambda _: failing, "manifest": manifest})

    (found,) = run(hosts, state(service("web1", "nginx"))).hosts

    assert found.status is Status.LOOKED
    assert found.services == (ServiceFound("nginx", not_read=("web1/nginx: this host runs an unknown system",)),)


def test_a_host_that_does_not_answer_is_given_up() -> None:
    hosts = ScriptedHosts({"read": lambda _: [{"progress": "reading"}], "manifest": manifest})

    (found,) = run(hosts, state(service("web1", "nginx")), 0.2).hosts

    assert found.services == (ServiceFound("nginx", not_read=("web1/nginx: could not be read within 0 s",)),)


def test_a_manifest_that_differs_is_drift() -> None:
    hosts = ScriptedHosts(
        {"read": lambda _: read(), "manifest": lambda _: {"declared": {}, "services": ["nginx"], "unfinished": []}}
    )

    (found,) = run(hosts, state(service("web1", "nginx"))).hosts

    assert [item.kind for item in found.services[0].items] == ["manifest"]


def test_a_damaged_manifest_is_drift_and_hides_no_other() -> None:
    answer = {"declared": None, "services": ["nginx"], "unfinished": [], "damaged": "m.json was damaged; restore it"}
    hosts = ScriptedHosts({"read": lambda _: read("0600"), "manifest": lambda _: answer})

    found = run(hosts, state(service("web1", "nginx")))

    assert [(item.kind, item.what) for item in found.hosts[0].services[0].items] == [
        ("file", "mode: 0644 declared, 0600 found"),
        ("manifest", "m.json was damaged; restore it"),
    ]
    assert found.notes == ()


def test_a_host_without_a_record_is_a_note() -> None:
    hosts = ScriptedHosts(
        {"read": lambda _: read(), "manifest": lambda _: {"declared": None, "services": [], "unfinished": []}}
    )

    found = run(hosts, state(service("web1", "nginx")))

    assert found.hosts[0].drift == 0
    assert found.notes == ("web1/nginx: the host has no record of what it was told; the next change writes it",)


def test_a_service_that_the_state_does_not_know_is_drift() -> None:
    hosts = ScriptedHosts({"read": lambda _: read(), "manifest": lambda request: manifest(request, "old")})

    (found,) = run(hosts, state(service("web1", "nginx"), service("web1", "ntp"))).hosts

    assert found.services[-1] == ServiceFound("old", (STRANGER,))
    assert found.drift == 1


def test_a_first_change_that_was_cut_off_is_drift() -> None:
    def half_done(request: Frame) -> Frame:
        return {**manifest(request), "unfinished": ["new", "nginx"]}

    hosts = ScriptedHosts({"read": lambda _: read(), "manifest": half_done})

    (found,) = run(hosts, state(service("web1", "nginx"), service("web1", "ntp"))).hosts

    assert found.services == (ServiceFound("nginx"), ServiceFound("ntp"), ServiceFound("new", (CUT_OFF,)))


def test_hosts_are_read_side_by_side() -> None:
    """Each host answers only when both were asked."""
    asked: set[str] = set()

    async def act() -> Look:
        both = asyncio.Event()
        opener = ScriptedHosts({"read": lambda _: read(), "manifest": manifest})
        connections = Connections(LOGINS, opener)
        get = connections.get

        async def together(host: str) -> Any:
            asked.add(host)
            if len(asked) == len(LOGINS):
                both.set()
            await asyncio.wait_for(both.wait(), 10)
            return await get(host)

        connections.get = together  # type: ignore[method-assign]
        return await look(STATE, connections, Modes(), 30)

    assert all(host.status is Status.LOOKED for host in asyncio.run(act()).hosts)
