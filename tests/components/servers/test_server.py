"""Hosts: what they must have, by size, and what they fetch ahead."""

from tests.recording import as_config, run
from tests.topologies import TEST, recorded


def test_production_asks_for_16_gigabytes_less_what_the_firmware_keeps() -> None:
    requirements = recorded("machines").of("onprem:index:Host")[0].inputs["requirements"]
    assert (requirements["memory_mb"], requirements["cores"]) == (15_500, 4)


def test_a_small_deployment_asks_for_less() -> None:
    assert recorded("dev").of("onprem:index:Host")[0].inputs["requirements"] == {
        "memory_mb": 1_500,
        "cores": 1,
        "free_disk_mb": {"/": 3_000},
        "static_address": True,
        "operating_systems": ["debian 12", "ubuntu 22.04", "ubuntu 24.04"],
        "python": "3.9",
        "clock_offset_seconds": 2,
        "mirror": True,
    }


def test_what_does_not_matter_is_not_asked_for() -> None:
    changed = {**TEST, "im:requirements": {"memory_mb": None, "mirror": None, "operating_systems": []}}
    requirements = run(as_config(changed), "test").of("onprem:index:Host")[0].inputs["requirements"]
    assert {"memory_mb", "mirror", "operating_systems"} & set(requirements) == set()


def test_a_host_fetches_what_its_own_services_install() -> None:
    packages = {host.name: set(host.inputs["packages"]) for host in recorded("prod").of("onprem:index:Host")}
    assert "postgresql-15" in packages["db1"]
    assert "postgresql-15" not in packages["lb1"]
    assert {"chrony", "nftables", "openssh-server", "sudo"} <= packages["lb1"]
