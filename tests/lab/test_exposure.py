"""What a deployed host shows of itself, to an administrator's address and to a stranger's, by IPv4 and IPv6."""

import contextlib
import json
import re
import ssl
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.lab.deployed import Deployed
from tests.lab.probe_tls import OFFERS, offer
from tests.lab.probe_xmpp import STRANGER

HERE = Path(__file__).parent
HOST, DOMAIN = "dev1", "chat.dev.test"
ADDRESSES = {"IPv4": "10.77.1.11", "IPv6": "fd77:1::11"}
PEOPLE = {
    ("administrator", "IPv4"): "10.77.1.1",
    ("administrator", "IPv6"): "fd77:1::1",
    ("stranger", "IPv4"): "10.77.1.200",
    ("stranger", "IPv6"): "fd77:1::200",
}
WORLD = {80, 443, 5222, 5223}
OPEN = {"administrator": {22} | WORLD, "stranger": WORLD}
UNDECLARED = 8080
HIDDEN = (
    "/",
    "/admin/",
    "/api/status",
    "/register/",
    "/captcha/",
    "/ws/admin",
    "/upload",
    "/.well-known/acme-challenge/x",
)
MECHANISMS = ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"]

Case = tuple[str, str, str]
Way = tuple[int, str]
MECHANISM = re.compile("<mechanism>([^<]*)<")

WAYS: tuple[Way, ...] = ((443, "direct"), (5222, "starttls"), (5223, "direct"))


def probe(deployed: Deployed, name: str, *words: object) -> str:
    """What `probe_<name>.py` prints inside the lab."""
    return deployed.lab.run([sys.executable, "-W", "ignore", str(HERE / f"probe_{name}.py"), *map(str, words)]).stdout


def on_host(deployed: Deployed, before: str, words: str) -> str:
    """What the host says when it runs the listener with these words."""
    return deployed.lab.ssh(
        HOST, f'{before} python3 -I -c "$(cat)" {words}', stdin=(HERE / "probe_listener.py").read_text()
    ).stdout


@pytest.fixture(scope="module")
def undeclared(deployed: Deployed) -> Iterator[int]:
    """A port on which the host serves the whole world by TCP and UDP, had it no firewall."""
    start = "systemd-run --quiet --collect --unit=undeclared --service-type=notify --property=NotifyAccess=all"
    on_host(deployed, start, f"listen {UNDECLARED}")
    yield UNDECLARED
    deployed.lab.ssh(HOST, "systemctl stop undeclared")


@pytest.fixture(scope="module")
def answering(deployed: Deployed, undeclared: int) -> dict[Case, set[int]]:
    """Of all 65535 ports those that say anything, by protocol, person and version of IP."""

    def ports(case: Case) -> set[int]:
        protocol, who, version = case
        ends = (PEOPLE[who, version], ADDRESSES[version])
        return {int(port) for port in probe(deployed, "ports", protocol, *ends, 1, 65535).split()}

    cases = [(protocol, *person) for protocol in ("tcp", "udp") for person in PEOPLE]
    with ThreadPoolExecutor(len(cases)) as threads:
        return dict(zip(cases, threads.map(ports, cases), strict=True))


@pytest.fixture(scope="module")
def authority(deployed: Deployed, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The CA that the deployment names to its clients."""
    saved = json.loads((deployed.saved / f"{deployed.lab.stack}.json").read_text())
    path = tmp_path_factory.mktemp("authority") / "ca.pem"
    path.write_text(saved["outputs"]["ca"])
    return path


@pytest.mark.parametrize("version", ADDRESSES)
def test_the_host_itself_reaches_the_undeclared_port(deployed: Deployed, undeclared: int, version: str) -> None:
    assert on_host(deployed, "", f"ask {ADDRESSES[version]} {undeclared}") == "tcp\nudp\n"


@pytest.mark.parametrize("version", ADDRESSES)
@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_the_probe_hears_a_refusal(deployed: Deployed, protocol: str, version: str) -> None:
    own = PEOPLE["stranger", version]

    assert probe(deployed, "ports", protocol, own, own, 1000, 1009).split() == [str(port) for port in range(1000, 1010)]


@pytest.mark.parametrize(("who", "version"), PEOPLE)
def test_only_the_declared_ports_answer(answering: dict[Case, set[int]], who: str, version: str) -> None:
    assert answering["tcp", who, version] == OPEN[who]
    assert answering["udp", who, version] == set()


@pytest.mark.parametrize(("who", "version"), PEOPLE)
def test_neighbours_that_forgot_each_other_find_each_other(deployed: Deployed, who: str, version: str) -> None:
    deployed.lab.run(["ip", "neigh", "flush", "all"])
    deployed.lab.ssh(HOST, "ip neigh flush all")

    assert probe(deployed, "ports", "tcp", PEOPLE[who, version], ADDRESSES[version], 443, 443).split() == ["443"]


@pytest.mark.parametrize("version", ADDRESSES)
@pytest.mark.parametrize("way", WAYS)
def test_old_tls_and_weak_ciphers_are_refused(deployed: Deployed, authority: Path, way: Way, version: str) -> None:
    port, kind = way

    said: dict[str, str] = json.loads(probe(deployed, "tls", ADDRESSES[version], port, DOMAIN, kind, authority))

    assert set(said) == set(OFFERS)
    assert {name for name, what in said.items() if what == "accepted"} == {"TLS 1.2", "TLS 1.3"}


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1")
@pytest.mark.parametrize("name", ["TLS 1.0", "TLS 1.1"])
def test_the_probe_would_speak_old_tls(name: str) -> None:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.set_ciphers("aNULL:@SECLEVEL=0")
    server.minimum_version = ssl.TLSVersion.TLSv1
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [server.wrap_bio(up, down, server_side=True), offer(name).wrap_bio(down, up, server_hostname=DOMAIN)]

    for end in reversed(ends * 3):
        with contextlib.suppress(ssl.SSLWantReadError):
            end.do_handshake()

    assert ends[0].version() == OFFERS[name][0].name.replace("_", ".")


@pytest.mark.parametrize("method", ["GET", "POST", "TRACE"])
def test_the_web_redirects_to_tls_and_has_nothing_to_administer(
    deployed: Deployed, authority: Path, method: str
) -> None:
    said = json.loads(probe(deployed, "http", ADDRESSES["IPv6"], DOMAIN, authority, method, *HIDDEN))

    assert said["80"] == {path: [301, f"https://{DOMAIN}{path}"] for path in HIDDEN}
    assert said["443"] == {path: [404, ""] for path in HIDDEN}


def test_the_web_serves_what_clients_look_for(deployed: Deployed, authority: Path) -> None:
    said = json.loads(probe(deployed, "http", ADDRESSES["IPv4"], DOMAIN, authority, "GET", "/.well-known/host-meta"))

    assert said["443"]["/.well-known/host-meta"] == [200, ""]


@pytest.mark.parametrize(("port", "way"), [(5222, "starttls"), (5223, "direct")])
def test_a_stranger_cannot_register_over_xmpp(deployed: Deployed, authority: Path, port: int, way: str) -> None:
    said = json.loads(probe(deployed, "xmpp", ADDRESSES["IPv4"], port, DOMAIN, way, authority))

    assert MECHANISM.findall(said["features"]) == ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"]
    assert "register" not in said["features"]
    assert "<forbidden " in said["register"]
    assert STRANGER not in accounts(deployed)


def test_a_stranger_cannot_register_over_a_websocket(deployed: Deployed, authority: Path) -> None:
    said = json.loads(probe(deployed, "websocket", ADDRESSES["IPv4"], DOMAIN, authority))

    assert MECHANISM.findall(said["features"]) == ["SCRAM-SHA-256"]
    assert "register" not in said["features"]
    assert "<forbidden " in said["register"]
    assert STRANGER not in accounts(deployed)


def test_nothing_but_tls_is_offered_in_clear(deployed: Deployed, authority: Path) -> None:
    said = json.loads(probe(deployed, "xmpp", ADDRESSES["IPv4"], 5222, DOMAIN, "starttls", authority))

    assert re.findall("<(mechanism|required|register)", said["features in clear"]) == ["required"]
    assert "Use of STARTTLS required" in said["register in clear"]


def accounts(deployed: Deployed) -> list[str]:
    """Those of the domain."""
    return deployed.lab.ssh(HOST, f"ejabberdctl registered_users {DOMAIN}").stdout.splitlines()
