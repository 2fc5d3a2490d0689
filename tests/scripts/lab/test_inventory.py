"""What the lab reads from a stack file, and every sentence about a stack file it cannot use."""

from pathlib import Path

import pytest

from commands.lab.errors import LabError
from commands.lab.inventory import LabHost, read_hosts


def write(folder: Path, hosts: str) -> Path:
    path = folder / "Pulumi.try.yaml"
    path.write_text(f"config:\n  onprem:hosts: {hosts}\n")
    return path


def test_reads_hosts_in_the_order_of_the_file(tmp_path: Path) -> None:
    write(tmp_path, "{b: {address: 10.0.0.3, address6: 'fd00::3', user: ops}, a: {address: 10.0.0.2}}")
    assert read_hosts(tmp_path, "try") == (
        LabHost("b", "10.0.0.3", "fd00::3", "ops"),
        LabHost("a", "10.0.0.2", None, "root"),
    )


def test_reads_the_dev_stack_of_this_repository() -> None:
    hosts = read_hosts(Path(__file__).parents[3] / "stacks", "dev")
    assert [host.name for host in hosts] == ["dev1"]


@pytest.mark.parametrize(
    ("hosts", "sentence"),
    [
        ("{}", "onprem:hosts names no host; declare at least one with its address"),
        ("[a, b]", "onprem:hosts names no host; declare at least one with its address"),
        ("{a: 10.0.0.2}", "onprem:hosts.a: no address; expected {address, address6, user}"),
        ("{A_b: {address: 10.0.0.2}}", "onprem:hosts.A_b: not a host name; use lower-case letters, digits and hyphens"),
        ("{a: {address: 10.0.0.256}}", "onprem:hosts.a.address: '10.0.0.256' is no IPv4 address"),
        ("{a: {address: 10.0.0.2, address6: 10.0.0.3}}", "onprem:hosts.a.address6: '10.0.0.3' is no IPv6 address"),
        (
            "{a: {address: 9.9.9.9}}",
            "onprem:hosts.a.address: 9.9.9.9 is not a private address; the lab makes private ones only",
        ),
        ("{a: {address: 10.0.0.2, user: 'x y'}}", "onprem:hosts.a.user: 'x y' is no user name"),
        (
            "{a: {address: 10.0.0.2}, b: {address: 10.0.0.2}}",
            "onprem:hosts.b: 10.0.0.2 belongs to a already",
        ),
        ("{a: {address: 10.0.0.1}}", "onprem:hosts.a: 10.0.0.1 belongs to the lab's bridge already"),
        (
            "{a: {address: 10.0.0.2, address6: 'fd00::200'}}",
            "onprem:hosts.a: fd00::200 belongs to the lab's bridge already",
        ),
    ],
)
def test_refuses_hosts_it_cannot_make(tmp_path: Path, hosts: str, sentence: str) -> None:
    path = write(tmp_path, hosts)
    with pytest.raises(LabError) as error:
        read_hosts(tmp_path, "try")
    assert str(error.value) == f"{path}: {sentence}"


def test_names_the_choices_when_there_is_no_such_stack(tmp_path: Path) -> None:
    write(tmp_path, "{}")
    with pytest.raises(LabError) as error:
        read_hosts(tmp_path, "tyr")
    assert str(error.value) == f"{tmp_path}/Pulumi.tyr.yaml: there is no such stack file; choose one of try"


def test_says_where_a_file_is_not_yaml(tmp_path: Path) -> None:
    path = tmp_path / "Pulumi.try.yaml"
    path.write_text("config: {")
    with pytest.raises(LabError) as error:
        read_hosts(tmp_path, "try")
    assert str(error.value).startswith(f"{path}: not YAML: ")


def test_the_bridge_has_an_administrator_and_a_stranger_in_each_network() -> None:
    host = LabHost("a", "10.0.0.2", "fd00::2")
    assert host.bridge_addresses == ("10.0.0.1", "10.0.0.200", "fd00::1", "fd00::200")
    assert host.gateways == ("10.0.0.1", "fd00::1")
