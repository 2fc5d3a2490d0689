"""The address that load balancers share: who holds it, who may take it, and where clients are sent."""

import re
import subprocess
from pathlib import Path

from components.load_balancers.haproxy import CONFIG as HAPROXY
from components.load_balancers.keepalived import CHECKER, CONFIG, FOUND_INTERFACE, FREE, HOLDER, INTERFACE
from components.network.firewall import RULES
from tests.recording import as_config, run
from tests.topologies import TEST, recorded


def config(topology: str = "test", host: str = "im1") -> str:
    return recorded(topology).files(host)[CONFIG]


def program(path: str, folder: Path, **answers: str) -> subprocess.CompletedProcess[str]:
    """Runs a program of im1 with an `ip` and a `ping` that do what `answers` say."""
    for name, text in {"ping": "exit 1", **answers}.items():
        (folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / name).chmod(0o755)
    script = recorded("test").files("im1")[path].replace(FOUND_INTERFACE, str(folder / "found"))
    environment = {"PATH": f"{folder}:/usr/bin:/bin"}
    return subprocess.run(["sh", "-c", script], env=environment, capture_output=True, text=True, check=False)


def neighbours(**links: str) -> str:
    """What `ip` says of neighbours, by the last part of their address; the host itself has none of them."""
    cases = " ".join(
        f'*"neigh show to 10.77.2.{last[1:]}") echo "x dev e lladdr {link} R" ;;' for last, link in links.items()
    )
    return f'case "$*" in {cases} esac'


def test_only_several_load_balancers_share_an_address() -> None:
    assert {"im1/keepalived", "im2/keepalived"} <= set(recorded("test").services)
    assert "dev1/keepalived" not in recorded("dev").services


def test_an_address_in_use_is_found_before_anything_is_changed() -> None:
    required = {host.name: host.inputs["requirements"] for host in recorded("test").of("onprem:index:Host")}
    assert required["im1"]["unclaimed"] == {"10.77.2.10": ["10.77.2.11", "10.77.2.12"]}
    assert "unclaimed" not in required["vote1"]


def test_clients_are_sent_to_the_address_that_moves() -> None:
    assert recorded("test").outputs["endpoints"]["addresses"] == ["10.77.2.10", "fd77:2::10"]
    assert recorded("prod").outputs["endpoints"]["addresses"] == ["10.77.3.10"]
    assert recorded("dev").outputs["endpoints"]["addresses"] == ["10.77.1.11"]


def test_nobody_takes_the_address_from_a_holder_that_serves() -> None:
    for host in ("im1", "im2"):
        assert "    state BACKUP\n    nopreempt\n" in config(host=host)


def test_each_speaks_to_the_others_only_and_one_of_them_wins() -> None:
    assert "unicast_src_ip 10.77.2.11\n    unicast_peer {\n        10.77.2.12\n    }" in config(host="im1")
    priorities = [re.findall(r"priority (\d+)", config(host=host)) for host in ("im1", "im2")]
    assert priorities == [["200"], ["190"]]


def test_a_holder_is_missed_in_less_than_a_second() -> None:
    assert "vrrp_version 3\n" in config()
    assert "advert_int 0.3\n" in config()
    changed = run(
        as_config({**TEST, "im:keepalived": {"address": "10.77.2.10/24", "advert_milliseconds": 500}}), "test"
    )
    assert "advert_int 0.5\n" in changed.files("im1")[CONFIG]


def test_both_addresses_move_together_and_bring_no_route() -> None:
    assert "virtual_ipaddress {\n        10.77.2.10/32\n    }" in config()
    assert "virtual_ipaddress_excluded {\n        fd77:2::10/128\n    }" in config()
    assert "excluded" not in config("prod", "lb1")


def test_the_check_asks_haproxy_and_is_not_root() -> None:
    assert f"enable_script_security\n    script_user {CHECKER}\n" in config()
    assert "--unix-socket /run/haproxy/health.sock http://localhost/ready" in config()
    assert (
        "bind unix@/run/haproxy/health.sock user root group root mode 666\n" in recorded("test").files("im1")[HAPROXY]
    )


def test_a_holder_that_hears_nobody_gives_the_address_away() -> None:
    assert '-x 1 10.77.2.12 10.77.2.13"\n' in config(host="im1")
    assert "    track_script {\n        haproxy\n        heard\n    }" in config(host="im1")
    assert "fping" in recorded("test").services["im1/keepalived"].inputs["packages"]


def test_haproxy_notices_that_by_itself_where_it_has_no_im_server_of_its_own() -> None:
    assert "heard" not in config("prod", "lb1")
    assert "fping" not in recorded("prod").services["lb1/keepalived"].inputs["packages"]


def test_a_single_other_host_may_be_down() -> None:
    roles = {role: hosts for role, hosts in TEST["im:roles"].items() if role not in ("witness", "operations")}
    two = {
        **TEST,
        "onprem:hosts": {name: host for name, host in TEST["onprem:hosts"].items() if name != "vote1"},
        "im:roles": {**roles, "database": ["im1"], "queue": ["im1"], "cache": ["im1"]},
    }
    assert "heard" not in run(as_config(two), "test").files("im1")[CONFIG]


def test_health_is_that_the_address_answers() -> None:
    command = recorded("test").services["im2/keepalived"].inputs["healthy"]["command"]
    assert command.endswith("curl -sS --output /dev/null --max-time 2 http://10.77.2.10/")
    assert f"runuser -u {CHECKER} -- curl " in command


def test_signs_of_life_come_from_the_other_load_balancers_only() -> None:
    lines = {host: recorded("prod").files(host)[RULES] for host in ("lb1", "im1")}
    assert 'ip saddr @load_balancer4 meta l4proto 112 accept comment "vrrp"' in lines["lb1"]
    assert "elements = { 10.77.3.12 }" in lines["lb1"]
    assert "112" not in lines["im1"]


def test_the_interface_is_the_one_with_the_hosts_address(tmp_path: Path) -> None:
    assert program(INTERFACE, tmp_path, ip="echo '2: ens3    inet 10.77.2.11/24 scope global ens3'").returncode == 0
    assert (tmp_path / "found").read_text() == "$INTERFACE=ens3\n"


def test_an_address_that_no_interface_has_is_an_error(tmp_path: Path) -> None:
    done = program(INTERFACE, tmp_path, ip="exit 0")
    assert (done.returncode, done.stderr) == (
        1,
        "no interface has 10.77.2.11, the address of im1 in onprem:hosts\n",
    )


def test_an_address_that_nobody_answers_at_is_free(tmp_path: Path) -> None:
    assert program(HOLDER, tmp_path, ip="exit 0").stdout == f"{FREE}\n"


def test_an_address_that_another_load_balancer_holds_is_ours(tmp_path: Path) -> None:
    known = neighbours(_10="aa:01", _12="aa:01")
    assert program(HOLDER, tmp_path, ping="exit 0", ip=known).stdout == f"{FREE}\n"


def test_an_address_that_a_stranger_has_is_named_by_its_link(tmp_path: Path) -> None:
    known = neighbours(_10="aa:99", _12="aa:01")
    assert program(HOLDER, tmp_path, ping="exit 0", ip=known).stdout == "aa:99\n"
    step = recorded("test").services["im1/keepalived"].inputs["steps"]["shared address"]
    assert (step["want"], step["when"]) == (FREE, "before_start")
