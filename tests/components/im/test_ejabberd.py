"""ejabberd's files: parsed as it would parse them, and held to what the deployment promises."""

import runpy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.im.ejabberd_files import (
    ACCOUNT_BACKEND,
    CONFIG,
    DEFAULT,
    DISTRIBUTION,
    DRAINING,
    DRAINING_PATH,
    MEMBER,
    MODULES,
    OWN_MODULES,
    SECRETS,
    UNIT,
    VM_ARGS,
)
from tests.topologies import recorded


def files(topology: str = "test", host: str = "im1") -> dict[str, str]:
    return recorded(topology).files(host)


@pytest.fixture
def ejabberd() -> dict[str, Any]:
    parsed: dict[str, Any] = yaml.safe_load(files()[CONFIG])
    return parsed


def inputs(topology: str = "test", host: str = "im1") -> Any:
    return recorded(topology).services[f"{host}/ejabberd"].inputs


def test_listens_for_the_load_balancers_and_not_for_the_world(ejabberd: dict[str, Any]) -> None:
    where = [(item.get("ip"), item["port"]) for item in ejabberd["listen"]]
    assert where == [
        ("10.77.2.11", 15222),
        ("10.77.2.11", 15223),
        ("10.77.2.11", 15443),
        (None, "unix:/run/ejabberd/api.sock"),
    ]


def test_every_network_port_expects_the_proxy_header_and_tls(ejabberd: dict[str, Any]) -> None:
    for item in ejabberd["listen"][:3]:
        assert item["use_proxy_protocol"] is True
        assert item.get("tls") or item.get("starttls_required")
        assert item["protocol_options"] == "TLS_OPTIONS"


def test_nothing_administrative_is_on_the_web_port(ejabberd: dict[str, Any]) -> None:
    assert sorted(ejabberd["listen"][2]["request_handlers"]) == [
        "/.well-known/host-meta",
        "/.well-known/host-meta.json",
        "/bosh",
        "/upload",
        "/upload/im1",
        "/ws",
    ]


def test_passwords_are_scram_and_strong(ejabberd: dict[str, Any]) -> None:
    assert ejabberd["auth_password_format"] == "scram"
    assert "plain" in ejabberd["disable_sasl_mechanisms"]
    assert ejabberd["modules"]["mod_register"] == {"access": "none", "password_strength": 64}
    assert ejabberd["access_rules"]["nobody"] == {"deny": "all"}
    allowed = ejabberd["api_permissions"]["console commands"]["what"]
    assert {"!register", "!change_password"} <= set(allowed)


def test_every_message_is_archived_in_the_database(ejabberd: dict[str, Any]) -> None:
    assert ejabberd["default_db"] == "sql"
    assert ejabberd["modules"]["mod_mam"]["default"] == "always"
    others = [options for name, options in ejabberd["modules"].items() if name != "mod_mam"]
    assert ejabberd["modules"]["mod_mam"]["db_type"] == "sql_retry"
    assert not any(isinstance(options, dict) and options.get("db_type") for options in others)


def test_our_own_modules_are_found_and_their_text_restarts_ejabberd(ejabberd: dict[str, Any]) -> None:
    names = [path.rpartition("/")[2].removesuffix(".erl") for path in OWN_MODULES]
    backend = f"mod_mam_{ejabberd['modules']['mod_mam']['db_type']}"
    assert set(names) == {backend, "mod_redeliver"}
    assert "mod_redeliver" in ejabberd["modules"]
    assert f"-pa {MODULES}\n" in files()[VM_ARGS]
    for path, name in zip(OWN_MODULES, names, strict=True):
        assert f"-module({name}).\n" in files()[path]
        assert path in inputs()["units"]["ejabberd.service"]["restart_on"]


def test_other_servers_are_not_spoken_to(ejabberd: dict[str, Any]) -> None:
    assert ejabberd["s2s_access"] == "nobody"
    assert not any(item["module"] == "ejabberd_s2s_in" for item in ejabberd["listen"])


def test_the_database_is_the_one_that_postgresql_makes(ejabberd: dict[str, Any]) -> None:
    found = {name: ejabberd[f"sql_{name}"] for name in ("server", "port", "database", "username")}
    assert found == {"server": "127.0.0.1", "port": 5432, "database": "im", "username": "ejabberd"}
    assert ejabberd["sql_ssl_verify"] is True


def test_the_configuration_holds_no_secret_and_the_secrets_file_is_read(ejabberd: dict[str, Any]) -> None:
    assert "${secret:" not in files()[CONFIG]
    assert ejabberd["include_config_file"] == {SECRETS: {"allow_only": ["define_macro"]}}
    macros = yaml.safe_load(files()[SECRETS])["define_macro"]
    assert ejabberd["sql_password"] in macros


def test_members_speak_tls_on_one_port_of_their_address() -> None:
    assert "ERLANG_NODE=ejabberd@10.77.2.12\n" in files(host="im2")[DEFAULT]
    assert "ERL_DIST_PORT=5210\n" in files()[DEFAULT]
    assert "-kernel inet_dist_use_interface {10,77,2,11}\n" in files()[VM_ARGS]
    assert "-proto_dist inet_tls\n" in files()[VM_ARGS]
    assert files()[DISTRIBUTION].count("{verify, verify_peer}") == 2


def test_the_silence_that_counts_as_loss_is_the_same_in_both_places(ejabberd: dict[str, Any]) -> None:
    assert f"-kernel net_ticktime {ejabberd['net_ticktime']}\n" in files()[VM_ARGS]


def test_one_host_has_no_membership_and_several_have() -> None:
    assert sorted(inputs("dev", "dev1")["steps"]) == ["data", "own modules", "schema"]
    assert sorted(inputs()["steps"]) == ["data", "member", "no member that is gone", "own modules", "schema"]
    assert inputs()["leave"] == f"{MEMBER} leave"
    assert "leave" not in inputs("dev", "dev1")
    assert 'PEERS = ["10.77.2.12"]' in files()[MEMBER]


def test_what_a_running_ejabberd_does_not_read_again_restarts_it() -> None:
    unit = inputs()["units"]["ejabberd.service"]
    assert set(unit["restart_on"]) >= {VM_ARGS, DEFAULT, SECRETS, UNIT}
    assert CONFIG in unit["reload_on"]


def test_the_port_mapper_is_off_where_rabbitmq_does_not_need_it() -> None:
    assert "epmd.socket" not in inputs("test")["units"]
    assert inputs("prod")["units"]["epmd.socket"]["running"] is False


def test_no_command_carries_a_secret() -> None:
    for step in inputs()["steps"].values():
        assert "${secret:" not in step["read"] + step["act"]


def test_programs_are_for_root_only() -> None:
    for path in (MEMBER, ACCOUNT_BACKEND, "/usr/local/lib/im/account"):
        assert inputs()["files"][path]["mode"] == "0700"


def program(host: str = "im2", topology: str = "test") -> dict[str, Any]:
    """The names of the program that knows the membership."""
    names: dict[str, Any] = {"__name__": "member"}
    exec(compile(files(topology, host)[MEMBER], MEMBER, "exec"), names)  # noqa: S102 - our own text
    return names


def info(running: list[str], members: list[str] | None = None) -> str:
    """What Mnesia tells of itself."""
    listed = {"running_db_nodes": running, "db_nodes": members or ["10.77.2.11", "10.77.2.12"]}
    quoted = {name: ",".join(f"'ejabberd@{address}'" for address in nodes) for name, nodes in listed.items()}
    return "\n".join(f"{{{name},[{nodes}]}}" for name, nodes in quoted.items())


def starts(names: dict[str, Any], moments: dict[str, int]) -> None:
    """Lets every node tell when it started."""
    told = "".join(f"ejabberd@{address} {moment}\n" for address, moment in moments.items())
    names["erlang"] = lambda purpose, code, seconds: told


def rejoins(host: str, seen: dict[str, str], moments: tuple[int, int] = (2, 1)) -> bool:
    """Whether `host` gives way, when Mnesia tells so on each address and every host is reached."""
    names = program(host)
    names.update(own_info=lambda: seen[names["ADDRESS"]], peer_info=seen.__getitem__, is_reached=lambda peer: True)
    starts(names, dict(zip(("10.77.2.11", "10.77.2.12"), moments, strict=True)))
    return bool(names["has_to_rejoin"]())


@pytest.mark.parametrize(("moments", "gives_way"), [((1, 2), "im2"), ((2, 1), "im1"), ((1, 1), "im2")])
def test_of_two_halves_that_which_has_served_longer_stays(moments: tuple[int, int], gives_way: str) -> None:
    seen = {"10.77.2.11": info(["10.77.2.11"]), "10.77.2.12": info(["10.77.2.12"])}
    assert [host for host in ("im1", "im2") if rejoins(host, seen, moments)] == [gives_way]


def test_members_that_are_together_stay_so() -> None:
    both = info(["10.77.2.11", "10.77.2.12"])
    assert not any(rejoins(host, {"10.77.2.11": both, "10.77.2.12": both}) for host in ("im1", "im2"))


def test_who_was_never_let_in_is_not_restarted_for_it() -> None:
    seen = {"10.77.2.11": info(["10.77.2.11"], ["10.77.2.11"]), "10.77.2.12": info(["10.77.2.12"])}
    assert not any(rejoins(host, seen) for host in ("im1", "im2"))


def test_the_larger_side_stays_and_of_many_islands_only_one() -> None:
    names = program()
    starts(names, {"a": 3, "b": 1, "c": 2})
    a, b, c = (frozenset({f"ejabberd@{name}"}) for name in "abc")
    assert names["staying"]({a, b | c}) == b | c
    assert names["staying"]({c, b, a}) == b


def test_the_watcher_runs_where_there_are_several_members() -> None:
    assert "ejabberd-watch.service" in inputs()["units"]
    assert "ejabberd-watch.service" not in inputs("dev", "dev1")["units"]


def test_a_change_of_the_members_drains_nobody() -> None:
    """What restarts a unit of the service drains ejabberd first, and this program names the other members."""
    units = inputs()["units"]
    assert units["ejabberd-watch.service"]["reload_on"] == [MEMBER]
    assert not any(MEMBER in unit.get("restart_on", ()) for unit in units.values())


def test_members_drain_before_a_restart_where_clients_have_another_one() -> None:
    assert inputs()["before_restart"] == f"{MEMBER} drain"
    assert "before_restart" not in inputs("dev", "dev1")


def test_what_the_load_balancers_ask_for_is_what_a_draining_member_serves(ejabberd: dict[str, Any]) -> None:
    docroot = ejabberd["modules"]["mod_http_fileserver"]["docroot"]
    assert ejabberd["listen"][2]["request_handlers"]["/upload"] == "mod_http_fileserver"
    assert f"{docroot}{DRAINING_PATH.removeprefix('/upload')}" == DRAINING
    assert f"ExecStartPre=-/bin/rm -f {DRAINING}\n" in files()[UNIT]


@pytest.fixture
def member(tmp_path: Path) -> dict[str, Any]:
    """The program of a host, with its data in a folder of the test's own."""
    path = tmp_path / "member"
    path.write_text(files()[MEMBER].replace("/var/lib/ejabberd", str(tmp_path / "data")))
    (tmp_path / "data").mkdir()
    return runpy.run_path(str(path))


def test_tables_are_ours_when_they_name_this_node(member: dict[str, Any]) -> None:
    assert member["data"]() == "ours or none"
    member["DATA"].write_bytes(b"... ejabberd@10.77.2.11 ...")
    assert member["data"]() == "ours or none"


def test_tables_of_another_node_without_accounts_are_set_aside(
    member: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped: list[tuple[str, ...]] = []
    monkeypatch.setitem(member["take"].__globals__, "run", lambda *command: stopped.append(command))
    member["DATA"].write_bytes(b"ejabberd@localhost")
    (member["FOLDER"] / "passwd.DAT").write_bytes(bytes(5432))

    assert member["data"]() == "tables of another node, without accounts"
    member["take"]()

    assert stopped == [("systemctl", "stop", "ejabberd")]
    assert member["data"]() == "ours or none"
    assert sorted(path.name for path in member["FOLDER"].glob("before-*/*")) == ["passwd.DAT", "schema.DAT"]


def test_accounts_in_mnesia_are_refused_and_stay(member: dict[str, Any]) -> None:
    member["DATA"].write_bytes(b"ejabberd@localhost")
    (member["FOLDER"] / "passwd.DAT").write_bytes(bytes(5598))

    assert member["data"]() == "accounts in Mnesia"
    with pytest.raises(RuntimeError) as refused:
        member["take"]()

    assert str(refused.value) == (
        "ejabberd has accounts in Mnesia, and accounts are in PostgreSQL here; write them out with ejabberdctl"
        " export2sql, and keep the service (im:keep) until they are moved"
    )
    assert member["DATA"].exists()


@dataclass
class Node:
    """ejabberd of a host, as its program sees it; `told` are the commands that it gives."""

    names: dict[str, Any]
    told: list[tuple[str, ...]] = field(default_factory=list)

    def tell(self, *command: str, **how: Any) -> str:
        self.told.append(command)
        return ""

    def told_to(self, program: str) -> list[tuple[str, ...]]:
        return [command[1:] for command in self.told if command[0] == program]


@pytest.fixture
def node(member: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Node:
    """im1 of three members, all together."""
    found = Node(member["leave"].__globals__)
    three = ["10.77.2.11", "10.77.2.12", "10.77.2.13"]
    for name, value in {
        "run": found.tell,
        "is_running": lambda: True,
        "own_info": lambda: info(three, three),
        "close_clients": lambda: found.tell("close clients") or None,
        "NOTICE_SECONDS": 0,
        "DRAINING": member["FOLDER"] / "draining",
    }.items():
        monkeypatch.setitem(found.names, name, value)
    return found


def test_a_drain_is_shown_before_clients_are_moved(node: Node) -> None:
    node.names["drain"]()
    assert node.names["DRAINING"].stat().st_mode & 0o777 == 0o644
    assert node.told == [("close clients",)]


def test_the_only_member_that_runs_keeps_its_clients(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(node.names, "own_info", lambda: info(["10.77.2.11"]))
    node.names["drain"]()
    assert not node.names["DRAINING"].exists()
    assert node.told == []


def test_a_drain_that_was_cut_off_ends_after_a_while(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    node.names["drain"]()
    node.names["end_forgotten_drain"]()
    assert node.names["DRAINING"].exists()
    monkeypatch.setitem(node.names, "LONGEST_DRAIN_SECONDS", -1)
    node.names["end_forgotten_drain"]()
    assert not node.names["DRAINING"].exists()


def test_a_drain_that_fails_ends(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails() -> None:
        raise RuntimeError("erl: failed")

    monkeypatch.setitem(node.names, "close_clients", fails)
    with pytest.raises(RuntimeError) as failed:
        node.names["drain"]()
    assert str(failed.value) == "erl: failed"
    assert not node.names["DRAINING"].exists()


@pytest.fixture
def known(node: Node, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Whom the other members know; im1 is known for one look more after it has left."""
    members = ["10.77.2.11", "10.77.2.12", "10.77.2.13"]
    looks = iter([members, members[1:]])
    monkeypatch.setitem(node.names, "running_peers", lambda: members[1:])
    monkeypatch.setitem(node.names, "peer_info", lambda peer: info(members[1:], next(looks)))
    monkeypatch.setattr(node.names["time"], "sleep", lambda seconds: node.told.append(("wait",)))
    return members


def test_who_leaves_moves_its_clients_first_and_stops_once_the_others_know(node: Node, known: list[str]) -> None:
    node.names["leave"]()
    assert node.told == [
        ("close clients",),
        ("ejabberdctl", "leave_cluster", "ejabberd@10.77.2.11"),
        ("wait",),
        ("systemctl", "stop", "ejabberd"),
    ]


def test_who_is_still_known_has_not_left(node: Node, known: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(node.names, "peer_info", lambda peer: info(known))
    with pytest.raises(RuntimeError, match="^10.77.2.12 still takes this host for a member$"):
        node.names["leave"]()
    assert ("systemctl", "stop", "ejabberd") not in node.told


def test_the_last_member_has_nobody_to_leave(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(node.names, "own_info", lambda: info(["10.77.2.11"]))
    node.names["leave"]()
    assert node.told == [("systemctl", "stop", "ejabberd")]


def test_a_member_that_nobody_declares_is_forgotten_once_it_does_not_run(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert node.names["strangers"]() == "none"
    three = ["10.77.2.11", "10.77.2.12", "10.77.2.13"]
    monkeypatch.setitem(node.names, "own_info", lambda: info(["10.77.2.11"], three))
    assert node.names["strangers"]() == "ejabberd@10.77.2.13"
    node.names["forget"]()
    assert node.told == [("ejabberdctl", "leave_cluster", "ejabberd@10.77.2.13")]


def test_a_host_that_was_built_anew_is_forgotten_before_it_joins(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(node.names, "listens", lambda peer: True)
    monkeypatch.setitem(node.names, "peer_info", lambda peer: info(["10.77.2.12"]))
    node.names["join"]()
    assert node.told_to("ejabberdctl") == [
        ("--node", "ejabberd@10.77.2.12", "leave_cluster", "ejabberd@10.77.2.11"),
        ("start",),
        ("started",),
        ("join_cluster", "ejabberd@10.77.2.12"),
        ("stop",),
        ("stopped",),
    ]


def test_clients_are_kept_from_a_host_that_has_not_joined_yet(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    drained: list[tuple[str, bool]] = []

    def tell(*command: str, **how: Any) -> None:
        drained.append((command[1], node.names["DRAINING"].exists()))

    monkeypatch.setitem(node.names, "run", tell)
    monkeypatch.setitem(node.names, "listens", lambda peer: True)
    monkeypatch.setitem(node.names, "peer_info", lambda peer: info(["10.77.2.12"], ["10.77.2.12"]))
    node.names["join"]()
    assert ("start", True) in drained


def silent(peer: str) -> bool:
    """A host that is off."""
    raise RuntimeError(f"{peer} does not answer; starting now could split the cluster")


def test_a_host_that_is_off_keeps_nobody_from_a_cluster_that_runs(member: dict[str, Any]) -> None:
    names = member["state"].__globals__
    names.update(PEERS=["10.77.2.12", "10.77.2.13"], is_running=lambda: False)
    names["listens"] = lambda peer: peer == "10.77.2.13" or silent(peer)
    names["peer_info"] = lambda peer: info([peer], [peer])
    assert member["state"]() == "not joined"
    names["DATA"].touch()
    names["peer_info"] = lambda peer: info([peer], [peer, "10.77.2.11"])
    assert member["state"]() == "member"


def test_nobody_starts_alone_beside_a_host_that_may_be_serving(member: dict[str, Any]) -> None:
    names = member["state"].__globals__
    names.update(PEERS=["10.77.2.12", "10.77.2.13"], is_running=lambda: False)
    names["listens"] = lambda peer: peer != "10.77.2.13" and silent(peer)
    with pytest.raises(RuntimeError) as refused:
        member["state"]()
    assert str(refused.value) == "10.77.2.12 does not answer; starting now could split the cluster"


def test_a_host_that_is_new_just_joins(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(node.names, "listens", lambda peer: True)
    monkeypatch.setitem(node.names, "peer_info", lambda peer: info(["10.77.2.12"], ["10.77.2.12"]))
    node.names["join"]()
    assert node.told_to("ejabberdctl")[0] == ("start",)
