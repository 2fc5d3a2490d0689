"""Only the declared ports answer: asked from an administrator's address and from a stranger's, over IPv4 and IPv6."""

import ipaddress
import sys
from pathlib import Path

import pytest
import yaml

from tests.lab.deployed import Deployed

PROBE = Path(__file__).parent / "port_probe.py"
WORLD = {80, 443, 5222, 5223}
ADMINISTRATOR, STRANGER = {"address": 1, "address6": 1}, {"address": 200, "address6": 0x200}
PREFIX = {"address": 24, "address6": 64}


@pytest.fixture(scope="module")
def listening(deployed: Deployed) -> dict[str, set[int]]:
    """Every port that something on the host listens on, by protocol."""
    lines = deployed.lab.ssh(host(deployed), "ss -lntuH").stdout.splitlines()
    found: dict[str, set[int]] = {"tcp": set(), "udp": set()}
    for fields in map(str.split, lines):
        found[fields[0]].add(int(fields[4].rpartition(":")[2]))
    return found


def host(deployed: Deployed) -> str:
    """The one host of the stack."""
    return next(iter(hosts(deployed)))


def hosts(deployed: Deployed) -> dict[str, dict[str, str]]:
    config = yaml.safe_load(deployed.lab.stack_file.read_text())["config"]
    return dict(config["onprem:hosts"])


def probe(deployed: Deployed, source: object, target: object, protocol: str, ports: set[int]) -> set[int]:
    """The ports of `target` that answer `source`."""
    words = [sys.executable, str(PROBE), str(source), str(target), protocol, *map(str, sorted(ports))]
    return {int(port) for port in deployed.lab.run(words).stdout.split()}


def network(deployed: Deployed, field: str) -> ipaddress.IPv4Interface | ipaddress.IPv6Interface:
    """The host's address in the lab's network."""
    return ipaddress.ip_interface(f"{hosts(deployed)[host(deployed)][field]}/{PREFIX[field]}")


def answering(deployed: Deployed, who: dict[str, int], field: str, protocol: str, ports: set[int]) -> set[int]:
    """The ports of the host that answer the administrators' or the stranger's address."""
    target = network(deployed, field)
    return probe(deployed, target.network[who[field]], target.ip, protocol, ports)


@pytest.mark.parametrize("field", ["address", "address6"])
@pytest.mark.parametrize(("who", "expected"), [(ADMINISTRATOR, WORLD | {22}), (STRANGER, WORLD)])
def test_tcp_answers_on_the_declared_ports_only(
    deployed: Deployed, listening: dict[str, set[int]], field: str, who: dict[str, int], expected: set[int]
) -> None:
    assert {5432, 2379, 5671, 6379} <= listening["tcp"]
    assert answering(deployed, who, field, "tcp", listening["tcp"] | set(range(1, 1024))) == expected


@pytest.mark.parametrize("field", ["address", "address6"])
@pytest.mark.parametrize("who", [ADMINISTRATOR, STRANGER])
def test_udp_answers_on_no_port(
    deployed: Deployed, listening: dict[str, set[int]], field: str, who: dict[str, int]
) -> None:
    assert answering(deployed, who, field, "udp", listening["udp"] | set(range(1, 1024))) == set()


@pytest.mark.parametrize("field", ["address", "address6"])
def test_the_probe_hears_a_port_that_no_firewall_hides(deployed: Deployed, field: str) -> None:
    own = network(deployed, field).network[ADMINISTRATOR[field]]
    assert probe(deployed, own, own, "udp", {9}) == {9}
    assert probe(deployed, own, own, "tcp", {9}) == {9}
