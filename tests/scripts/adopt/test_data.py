"""Data that hosts hold already."""

from collections.abc import Mapping
from typing import Any

import pytest

from commands.adopt.data import existing
from commands.adopt.probes import EJABBERD
from tests.scripts.adopt.stocks import stock

CONFIG: Mapping[str, Any] = {
    "onprem:hosts": {"one": {"address": "192.0.2.11"}},
    "im:roles": {"im": ["one"], "database": ["one"], "queue": ["one"]},
}
MNESIA = "/var/lib/rabbitmq/mnesia"


def found(sizes: Mapping[str, int], **more: Any) -> list[tuple[str, bool, Mapping[str, Any]]]:
    """Service, whether it is refused, and the settings that make it join."""
    return [(one.service, one.refused, one.settings) for one in existing({"one": stock(sizes=sizes, **more)}, CONFIG)]


def test_a_bare_host_and_one_of_ours_have_nothing_to_join() -> None:
    assert found({}) == []
    assert found({"/var/lib/postgresql/15/im/PG_VERSION": 3, f"{MNESIA}/rabbit@192.0.2.11/schema.DAT": 9}) == []


def test_debians_cluster_and_node_go_on() -> None:
    sizes = {"/var/lib/postgresql/15/main/PG_VERSION": 3, f"{MNESIA}/rabbit@one/schema.DAT": 9}

    assert found(sizes, told={"rabbitmq users": "user\ttags\nguest\t[]\nshop\t[]\n"}) == [
        ("postgresql", False, {"im:postgresql": {"data_directory": "/var/lib/postgresql/15/main"}}),
        ("rabbitmq", False, {"im:rabbitmq": {"host_names": True, "other_users": ["shop"]}}),
    ]


@pytest.mark.parametrize(
    ("sizes", "sentence"),
    [
        (
            {"/var/lib/postgresql/13/main/PG_VERSION": 3},
            "one/postgresql: /var/lib/postgresql/13/main is not of version 15; bring it there with pg_upgradecluster",
        ),
        (
            {"/var/lib/postgresql/15/a/PG_VERSION": 3, "/var/lib/postgresql/15/b/PG_VERSION": 3},
            "one/postgresql: several clusters, /var/lib/postgresql/15/a, /var/lib/postgresql/15/b; remove or move those"
            " that are not to be served",
        ),
        (
            {f"{MNESIA}/rabbit@web7/schema.DAT": 9},
            "one/rabbitmq: data of rabbit@web7, and only rabbit@one could go on; call the host in the stack file as the"
            " machine calls itself, or move the queues away",
        ),
        (
            {"/var/lib/ejabberd/passwd.DAT": 5598},
            "one/ejabberd: accounts in Mnesia, and accounts are in PostgreSQL here; write them out with ejabberdctl"
            " export2sql, and keep the service (im:keep) until they are moved",
        ),
    ],
)
def test_data_that_cannot_join_is_refused_with_a_sentence(sizes: Mapping[str, int], sentence: str) -> None:
    (one,) = existing({"one": stock(sizes=sizes)}, CONFIG)

    assert (str(one), one.refused, one.settings) == (sentence, True, {})


def test_ejabberd_without_accounts_is_no_matter() -> None:
    assert found({"/var/lib/ejabberd/passwd.DAT": 5432, "/var/lib/ejabberd/passwd.DCD": 8}) == []


def test_ejabberd_with_a_database_of_another_name_is_refused() -> None:
    assert found({}, texts={EJABBERD: 'sql_database: "chat"\n'}) == [("ejabberd", True, {})]
    assert found({}, texts={EJABBERD: "sql_database: im\n"}) == []
