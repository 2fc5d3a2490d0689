"""The entry point: what is public, what is refused at the door, and to which IM server a client goes."""

import re
from typing import Any

import pytest

from components.load_balancers.haproxy import CONFIG, LIMITS, HAProxySettings
from tests.recording import as_config, run
from tests.topologies import PACKAGE, TEST, recorded


def section(text: str, heading: str) -> list[str]:
    """The lines of one section of haproxy.cfg, without the heading."""
    body = re.split(r"\n(?=\S)", text)
    found = [part for part in body if part.startswith(heading)]
    assert len(found) == 1, heading
    return [line.strip() for line in found[0].splitlines()[1:]]


def config(topology: str = "test", host: str = "im1") -> str:
    return recorded(topology).files(host)[CONFIG]


def with_package(**changes: Any) -> str:
    changed = {**PACKAGE, "im:package": {**PACKAGE["im:package"], **changes}}
    return run(as_config(changed), "package").files("im1")[CONFIG]


def test_listens_on_the_public_ports_only() -> None:
    binds = re.findall(r"^ +bind (\S+)", config(), re.MULTILINE)
    assert sorted(binds) == [":::443", ":::5222", ":::5223", ":::80", "unix@/run/haproxy/health.sock"]


def test_a_host_without_ipv6_listens_on_ipv4_only() -> None:
    assert "bind :::443 v4v6 ssl" in config(host="im1")
    assert "bind 0.0.0.0:443 ssl" in config("prod", "lb1")


def test_the_statistics_are_for_root_on_the_host_only() -> None:
    sockets = [line.strip() for line in config().splitlines() if "stats" in line]
    assert sockets == ["stats socket /run/haproxy/admin.sock user root group root mode 600 level admin"]


def test_every_im_server_is_in_every_backend() -> None:
    for backend in ("starttls", "direct_tls", "web"):
        servers = [
            line.split()[1:3]
            for line in section(config("prod", "lb1"), f"backend im_{backend}")
            if "server " in line[:7]
        ]
        port = {"starttls": 15222, "direct_tls": 15223, "web": 15443}[backend]
        assert servers == [["im1", f"10.77.3.21:{port}"], ["im2", f"10.77.3.22:{port}"]]


def test_a_server_that_drains_gets_no_new_clients() -> None:
    lines = section(config(), "backend im_starttls")
    assert lines[lines.index("tcp-check connect default port 15443 ssl send-proxy") :][:3] == [
        "tcp-check connect default port 15443 ssl send-proxy",
        r'tcp-check send "GET /upload/draining HTTP/1.0\r\nHost: chat.test.test\r\n\r\n"',
        'tcp-check expect !string "200 OK" error-status L7OKC',
    ]
    servers = [line for line in lines if line.startswith("server ")]
    assert all("check-sni" in line and "verify required" in line for line in servers)


def test_a_process_that_no_longer_checks_notices_a_dead_server() -> None:
    """After a reload; by what is on its way there, and where nothing is, by keep-alives."""
    lines = section(config(), "defaults")
    assert any(line.startswith("default-server ") and line.endswith(" tcp-ut 30s") for line in lines)
    assert "option srvtcpka" in lines


def test_the_only_im_server_and_a_package_are_not_asked_whether_they_drain() -> None:
    assert "draining" not in config("dev", "dev1") + config("package")


def test_an_upload_goes_to_the_server_that_has_the_file() -> None:
    lines = section(config(), "backend im_web")
    assert "use-server im1 if { path_beg /upload/im1/ }" in lines
    assert "use-server im2 if { path_beg /upload/im2/ }" in lines


def test_the_way_to_the_web_port_is_verified() -> None:
    servers = [line for line in section(config(), "backend im_web") if line.startswith("server ")]
    assert all("ssl verify required ca-file /etc/haproxy/tls/ca.pem" in line for line in servers)
    assert "verifyhost im1" in servers[0]


def test_paths_of_uploads_are_not_logged() -> None:
    formats = re.findall(r"log-format .*", config())
    assert len(formats) == 2
    assert not any(item in line for line in formats for item in ("%r", "%HP", "%HU", "%HQ"))
    assert "httplog" not in config()


def test_a_package_without_the_proxy_protocol_gets_no_header() -> None:
    assert "send-proxy" not in with_package()


def test_a_package_with_the_proxy_protocol_gets_it_everywhere() -> None:
    text = with_package(proxy_protocol=True)
    assert "tcp-check connect send-proxy" in text
    servers = [line for line in text.splitlines() if line.strip().startswith("server ")]
    assert len(servers) == 6
    assert all("send-proxy" in line for line in servers)


def test_a_package_may_have_ports_of_its_own() -> None:
    assert "server im1 10.77.2.11:7443 " in with_package(web_port=7443)


def test_the_upload_limit_is_that_of_the_im_server() -> None:
    text = run(as_config({**TEST, "im:im": {"max_upload_megabytes": 7}}), "test").files("im1")[CONFIG]
    assert "deny_status 413 if is_upload { req.hdr_val(content-length) gt 7340032 }" in text


@pytest.mark.parametrize("topology", ["dev", "test", "prod"])
def test_open_files_suffice_for_all_connections(topology: str) -> None:
    host = {"dev": "dev1", "test": "im1", "prod": "lb1"}[topology]
    files = recorded(topology).files(host)
    connections = {int(found) for found in re.findall(r"maxconn (\d+)", files[CONFIG])}
    assert len(connections) == 1
    limit = int(re.findall(r"LimitNOFILE=(\d+)", files[LIMITS])[0])
    assert limit >= 2 * connections.pop() + 500


def test_connections_follow_the_size() -> None:
    assert HAProxySettings().open_files == 9_000
    assert "maxconn 20000" in config("machines", "lb1")


def test_the_key_is_not_in_the_readable_files() -> None:
    service = recorded("test").services["im1/haproxy"]
    readable = [path for path, file in service.inputs["files"].items() if "${secret:" in file["content"]]
    assert {path: service.inputs["files"][path]["mode"] for path in readable} == {"/etc/haproxy/tls/domain.pem": "0600"}
