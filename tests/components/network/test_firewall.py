"""The firewall: made from the flows and from nothing else, and taken by nft as it is."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from components.network.firewall import DIFFERENCES, HEADING, RULES, UNIT_FILE
from tests.topologies import TOPOLOGIES, recorded

PUBLIC = {"80", "443", "5222", "5223"}
in_a_namespace = pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("nft") or not shutil.which("unshare"),
    reason="needs root, nft and unshare",
)


def rules(topology: str, host: str) -> list[str]:
    """The lines that let something in from outside, without what every host has."""
    lines = [line.strip() for line in recorded(topology).files(host)[RULES].splitlines()]
    return [line for line in lines if " dport " in line]


def in_namespace(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Runs `script` in an empty network namespace; {folder} is where its files are."""
    command = ["unshare", "-n", "sh", "-c", script.replace("{folder}", str(folder))]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_world_reaches_the_public_ports_of_load_balancers_only() -> None:
    program = recorded("prod")
    for host in (host.name for host in program.of("onprem:index:Host")):
        open_to_all = [line for line in rules("prod", host) if "saddr" not in line]
        ports = {port for line in open_to_all for port in re.findall(r"\d+", line.split("{")[1].split("}")[0])}
        assert ports <= (PUBLIC if host.startswith("lb") else set()), host


def test_ssh_is_open_to_the_administrators_only() -> None:
    for topology in TOPOLOGIES:
        for host in recorded(topology).of("onprem:index:Host"):
            ssh = [line for line in rules(topology, host.name) if re.search(r"\b22\b", line)]
            assert ssh
            assert all("@administrators" in line for line in ssh), (topology, host.name)


def test_data_stores_are_open_to_hosts_that_need_them_only() -> None:
    database = "".join(line for line in rules("prod", "db1") if "5432" in line)
    assert "@im4" in database
    assert "world" not in database
    assert "@load_balancer4" not in database
    assert not [line for line in rules("prod", "lb1") if "5432" in line]


def test_an_address_of_the_own_host_is_in_no_set() -> None:
    text = recorded("test").files("im1")[RULES]
    assert "10.77.2.11" not in text
    assert "10.77.2.12" in text


def test_a_host_alone_opens_nothing_to_other_hosts() -> None:
    assert [line for line in rules("dev", "dev1") if "saddr" in line and "@administrators" not in line] == []


def test_no_rule_holds_computed_data() -> None:
    assert "${" not in recorded("test").files("im1")[RULES]


def test_the_unit_leaves_debians_firewall_alone() -> None:
    text = recorded("dev").files("dev1")[UNIT_FILE]
    assert "flush" not in text
    assert "ExecStop=/usr/sbin/nft delete table inet im\n" in text


@in_a_namespace
@pytest.mark.parametrize("topology", TOPOLOGIES)
def test_nft_takes_the_rules_of_every_host(topology: str, tmp_path: Path) -> None:
    program = recorded(topology)
    for host in program.of("onprem:index:Host"):
        (tmp_path / "rules.nft").write_text(program.files(host.name)[RULES])
        done = in_namespace("nft -c -f {folder}/rules.nft", tmp_path)
        assert (done.returncode, done.stderr) == (0, ""), host.name


@in_a_namespace
@pytest.mark.parametrize(
    ("change", "difference"),
    [
        ("true", ""),
        (
            "nft add rule inet im input tcp dport 9999 accept",
            "+\t\ttcp dport 9999 accept\n",
        ),
        (
            "nft add element inet im administrators4 '{ 203.0.113.7 }'",
            "-\t\telements = { 10.77.1.1 }\n+\t\telements = { 10.77.1.1, 203.0.113.7 }\n",
        ),
    ],
)
def test_what_is_loaded_and_not_declared_shows_as_a_difference(change: str, difference: str, tmp_path: Path) -> None:
    (tmp_path / "rules.nft").write_text(recorded("dev").files("dev1")[RULES])
    read = DIFFERENCES.replace(RULES, "{folder}/rules.nft")
    done = in_namespace(f"nft -f {{folder}}/rules.nft && {change} && {read}", tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{HEADING}\n{difference}"


@in_a_namespace
def test_a_file_that_does_not_parse_is_an_error_and_not_an_empty_difference(tmp_path: Path) -> None:
    (tmp_path / "rules.nft").write_text("table inet im { nonsense }\n")
    done = in_namespace(DIFFERENCES.replace(RULES, "{folder}/rules.nft"), tmp_path)
    assert done.returncode != 0


@in_a_namespace
def test_loading_again_replaces_the_table_and_no_other(tmp_path: Path) -> None:
    (tmp_path / "rules.nft").write_text(recorded("dev").files("dev1")[RULES])
    script = "nft add table inet other && nft -f {folder}/rules.nft && nft -f {folder}/rules.nft && nft list tables"
    assert in_namespace(script, tmp_path).stdout.splitlines() == ["table inet other", "table inet im"]
