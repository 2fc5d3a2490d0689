"""The base system: names of all hosts, journal, kernel settings."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from components.servers.system import HOSTS, SYSCTL, kernel_settings
from tests.topologies import recorded

HEADER = "# managed by Pulumi; edit components/templates/system/hosts.j2\n"


def test_hosts_names_every_host_with_all_its_addresses() -> None:
    assert recorded("test").files("vote1")[HOSTS] == HEADER + (
        "127.0.0.1 localhost\n"
        "::1 localhost ip6-localhost ip6-loopback\n"
        "10.77.2.11 im1\n"
        "fd77:2::11 im1\n"
        "10.77.2.12 im2\n"
        "fd77:2::12 im2\n"
        "10.77.2.13 vote1\n"
        "fd77:2::13 vote1\n"
    )


def test_containers_get_network_settings_only() -> None:
    container, machine = recorded("dev").files("dev1")[SYSCTL], recorded("machines").files("db1")[SYSCTL]
    assert "vm.swappiness" in machine
    assert [line for line in container.splitlines() if "=" in line and not line.startswith("net.")] == []


def test_a_machines_own_name_has_to_resolve() -> None:
    step = recorded("test").services["im2/system"].inputs["steps"]["own name"]
    assert (step["want"], step["when"]) == ("resolves", "before_start")
    done = subprocess.run(["sh", "-c", step["act"]], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.endswith("which nothing resolves; set im:system.extra_hosts: {10.77.2.12: [NAME]}\n")


@pytest.mark.skipif(not shutil.which("sysctl"), reason="no sysctl here")
def test_kernel_settings_are_read_back_one_by_one() -> None:
    """Reading changes nothing. A name that the kernel does not have shows as what sysctl says of it."""
    backlog = Path("/proc/sys/net/core/somaxconn").read_text().strip()
    step = kernel_settings({"net.core.somaxconn": backlog, "net.ipv4.ip_local_port_range": "1 2"})
    live = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()
    environment = {**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"}
    read = subprocess.run(["sh", "-c", step.read], capture_output=True, text=True, check=True, env=environment).stdout
    assert read == f"net.core.somaxconn = {backlog}\nnet.ipv4.ip_local_port_range = {' '.join(live)}\n"
    assert step.want == f"net.core.somaxconn = {backlog}\nnet.ipv4.ip_local_port_range = 1 2\n"
