"""Reading `onprem:hosts`."""

import json

import pytest

from onprem.errors import OnPremError
from onprem.inventory import Login, read_hosts


def test_reads_how_each_host_is_reached() -> None:
    text = json.dumps({"db1": {"address": "192.0.2.1"}, "db2": {"address": "db2.lan", "user": "ops", "port": 2222.0}})
    assert read_hosts(text) == {"db1": Login("192.0.2.1"), "db2": Login("db2.lan", user="ops", port=2222)}


def test_every_problem_is_named_at_once() -> None:
    hosts = {
        "DB1": {"address": "192.0.2.1"},
        "db2": {"adress": "192.0.2.2"},
        "db3": {"address": "-oProxyCommand=x", "user": "a b", "port": 0},
        "db4": "192.0.2.4",
    }
    with pytest.raises(OnPremError) as error:
        read_hosts(json.dumps(hosts))
    assert str(error.value).splitlines() == [
        "onprem:hosts.DB1: not a host name; use lower case letters, digits, dots and hyphens",
        "onprem:hosts.db2.adress: unknown; expected one of address, address6, user, port",
        "onprem:hosts.db2.address: '' cannot be used; expected an IP address or a host name",
        "onprem:hosts.db3.address: '-oProxyCommand=x' cannot be used; expected an IP address or a host name",
        "onprem:hosts.db3.user: 'a b' cannot be used; expected a login name",
        "onprem:hosts.db3.port: 0 is no port; expected a number from 1 to 65535",
        "onprem:hosts.db4: expected a map with address, and address6, user and port where needed",
    ]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[]", "onprem:hosts: expected a map of host names to {address, address6, user, port}"),
        (
            "{",
            "onprem:hosts: not JSON (Expecting property name enclosed in double quotes: line 1 column 2 (char 1));"
            " expected a map of host names",
        ),
    ],
)
def test_what_is_no_map_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(OnPremError) as error:
        read_hosts(text)
    assert str(error.value) == sentence
