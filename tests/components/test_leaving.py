"""Hosts that are about to lose a role: their services go, and until then everybody still talks to them."""

from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from components.data_stores.postgresql_files import PATRONI
from components.im.uploads import MODULES, RECEIVING, SENDING
from components.load_balancers.haproxy_local import CONFIG as WAY
from components.network.firewall import RULES
from components.problems import SettingsError
from tests.recording import Program, as_config, run, settings_of
from tests.topologies import PROD

HOSTS: Mapping[str, Any] = {**PROD["onprem:hosts"], "im3": {"address": "10.77.3.23", "user": "deployer"}}
THREE: Mapping[str, Any] = {
    **PROD,
    "onprem:hosts": HOSTS,
    "im:roles": {**PROD["im:roles"], "im": ["im1", "im2", "im3"]},
}
NEW: Mapping[str, int] = {"db4": 34, "db5": 35}


@pytest.fixture(scope="module")
def before() -> Program:
    return run(as_config(THREE), "prod")


@pytest.fixture(scope="module")
def leaving() -> Program:
    """im3, whose only role it is."""
    return run(as_config({**THREE, "im:leaving": {"im": ["im3"]}}), "prod")


def test_nothing_is_declared_on_a_host_that_leaves_its_last_role(before: Program, leaving: Program) -> None:
    assert {name for name in before.services if name not in leaving.services} == {
        name for name in before.services if name.startswith("im3/")
    }
    assert "im3" not in {host.name for host in leaving.of("onprem:index:Host")}


def test_the_firewall_of_the_others_is_as_before(before: Program, leaving: Program) -> None:
    for host in ("im1", "db1", "mq1", "ca1", "lb1"):
        assert leaving.files(host)[RULES] == before.files(host)[RULES]


def test_the_others_count_on_it_no_more(leaving: Program) -> None:
    for host in ("im1", "lb1", "db1"):
        files = leaving.files(host)
        named = [path for path, text in files.items() if "10.77.3.23" in text]
        assert set(named) <= {"/etc/hosts", RULES, PATRONI}, host


def test_it_reaches_the_database_until_it_has_left(before: Program, leaving: Program) -> None:
    for host in ("db1", "db2", "db3"):
        assert leaving.files(host)[PATRONI] == before.files(host)[PATRONI]


@pytest.fixture(scope="module")
def databases_leaving() -> Program:
    """Two of five, one of which may be the primary."""
    hosts = {**HOSTS, **{name: {"address": f"10.77.3.{place}", "user": "operator"} for name, place in NEW.items()}}
    roles = {**PROD["im:roles"], "database": ["db1", "db2", "db3", *NEW]}
    grown = {**THREE, "onprem:hosts": hosts, "im:roles": {**roles, "im": ["im1", "im2", "im3"]}}
    return run(as_config({**grown, "im:leaving": {"database": list(NEW)}}), "prod")


def test_a_primary_that_leaves_can_follow_its_successor(databases_leaving: Program) -> None:
    told = yaml.safe_load(databases_leaving.files("db1")[PATRONI])
    for place in NEW.values():
        assert f"hostssl replication replicator 10.77.3.{place}/32 scram-sha-256" in told["postgresql"]["pg_hba"]
        assert f"10.77.3.{place}" in told["restapi"]["allowlist"]


def test_im_servers_find_the_primary_until_it_has_left(databases_leaving: Program) -> None:
    assert all(
        f"server {name} 10.77.3.{place}:5432" in databases_leaving.files("im1")[WAY] for name, place in NEW.items()
    )


def required(program: Program, host: str) -> dict[str, Any]:
    (found,) = (each for each in program.of("onprem:index:Host") if each.name == host)
    return dict(found.inputs["requirements"])


def test_members_leave_only_while_most_run(databases_leaving: Program) -> None:
    assert required(databases_leaving, "db1")["majorities"] == {
        "members of etcd": [f"10.77.3.{place}:2380" for place in (31, 32, 33, *NEW.values())],
        "members of etcd that stay": [f"10.77.3.{place}:2380" for place in (31, 32, 33)],
    }


def test_clusters_that_nobody_leaves_are_not_asked(databases_leaving: Program, leaving: Program) -> None:
    assert "majorities" not in required(databases_leaving, "mq1")
    assert not any("majorities" in required(leaving, host) for host in ("im1", "db1", "mq1", "ca1"))


def test_what_clients_uploaded_to_it_last_is_still_taken(before: Program, leaving: Program) -> None:
    for path in (MODULES, RECEIVING):
        assert leaving.files("im1")[path] == before.files("im1")[path]
    assert "im3" in leaving.files("im1")[RECEIVING]
    assert "im3" not in leaving.files("im1")[SENDING]


def test_a_host_that_keeps_another_role_keeps_its_base() -> None:
    roles = {**THREE["im:roles"], "operations": ["op1", "im3"]}
    program = run(as_config({**THREE, "im:roles": roles, "im:leaving": {"im": ["im3"]}}), "prod")
    services = {name.partition("/")[2] for name in program.services if name.startswith("im3/")}
    assert "firewall" in services
    assert "ejabberd" not in services


def mistakes(changes: Mapping[str, Any]) -> str:
    with pytest.raises(SettingsError) as error:
        settings_of(as_config({**THREE, **changes}))
    return str(error.value)


def test_refuses_a_host_that_has_not_the_role() -> None:
    assert mistakes({"im:leaving": {"im": ["db1"]}}) == (
        "im:leaving.im[0]: db1 is not in im:roles.im; name one of im1, im2, im3, or remove it here once it has left"
    )


def test_refuses_to_leave_an_even_number_of_votes() -> None:
    assert mistakes({"im:leaving": {"database": ["db3"]}}) == (
        "im:roles.database: two hosts and no witness cannot elect a primary when one of them fails; add another host to"
        " im:roles.witness, or use one host or three"
    )


def test_refuses_to_leave_nobody() -> None:
    assert mistakes({"im:protect": False, "im:leaving": {"queue": ["mq1", "mq2", "mq3"]}}) == (
        "im:roles.queue: no host has this role; name at least one host of onprem:hosts"
    )
