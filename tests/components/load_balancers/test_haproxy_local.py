"""The way from an IM server to its data stores: only on its loopback, only to the primary, only with a known CA."""

import re

from components.load_balancers.haproxy_local import CA, CACHE, CONFIG
from tests.components.data_stores.scripts import load
from tests.topologies import recorded

HEADER = "# pxname,svname,status,check_status,last_chk"


def both(topology: str, host: str) -> str:
    files = recorded(topology).files(host)
    return files[CONFIG] + files[CACHE]


def test_listens_on_the_loopback_only() -> None:
    binds = re.findall(r"^ +bind (\S+)", both("test", "im1"), re.MULTILINE)
    assert binds == ["127.0.0.1:5432", "127.0.0.1:5672", "127.0.0.1:6379"]


def test_leads_to_every_member_of_every_store() -> None:
    servers = re.findall(r"^ +server (\S+) (\S+)", both("prod", "im1"), re.MULTILINE)
    assert servers == [
        ("db1", "10.77.3.31:5432"),
        ("db2", "10.77.3.32:5432"),
        ("db3", "10.77.3.33:5432"),
        ("mq1", "10.77.3.41:5671"),
        ("mq2", "10.77.3.42:5671"),
        ("mq3", "10.77.3.43:5671"),
        ("ca1", "10.77.3.51:6379"),
        ("ca2", "10.77.3.52:6379"),
        ("ca3", "10.77.3.53:6379"),
    ]


def test_every_server_is_checked_and_proves_its_name() -> None:
    servers = re.findall(r"^ +server (\S+) \S+ (.*)$", both("test", "im1"), re.MULTILINE)
    for name, options in servers:
        assert options.startswith("check ")
        assert options.endswith(f"verify required ca-file {CA} verifyhost {name}")


def test_the_primary_is_the_one_that_patroni_names() -> None:
    text = recorded("test").files("im1")[CONFIG]
    assert "http-check send meth OPTIONS uri /primary\n" in text
    assert "check port 8008 check-ssl" in text


def test_the_password_of_the_check_stands_apart() -> None:
    files = recorded("test").services["im1/haproxy-local"].inputs["files"]
    assert "secret" not in files[CONFIG]["content"]
    assert files[CACHE]["mode"] == "0600"


def test_the_public_haproxy_is_off_where_no_load_balancer_is() -> None:
    assert recorded("prod").services["im1/haproxy-local"].inputs["units"]["haproxy.service"]["enabled"] is False
    assert "haproxy.service" not in recorded("test").services["im1/haproxy-local"].inputs["units"]


def test_backends_that_are_up_are_healthy() -> None:
    module = load("haproxy-local/haproxy_backends.py")
    assert module.down(f"{HEADER}\nx,im1,UP,L6OK,\nx,BACKEND,UP,,\n") == []


def test_a_backend_without_a_server_says_what_the_check_found() -> None:
    module = load("haproxy-local/haproxy_backends.py")
    found = module.down(f"{HEADER}\nx,im1,DOWN,L4CON,Connection refused\nx,BACKEND,DOWN,,\ny,BACKEND,UP,,\n")
    assert found == ["x has no server up (im1: L4CON Connection refused)"]


def test_no_backends_at_all_are_not_healthy() -> None:
    module = load("haproxy-local/haproxy_backends.py")
    assert module.down(f"{HEADER}\n") == ["HAProxy has no backends"]
