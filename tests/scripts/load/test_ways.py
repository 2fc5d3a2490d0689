"""Which stacks are measured, and from where."""

from pathlib import Path

import pytest

from commands.lab.inventory import LabHost
from commands.lab.lab import Lab
from commands.lab.machines import Machine
from commands.lab.places import Places
from commands.load import LoadError, ways
from commands.load.__main__ import main
from commands.load.client import proxy_header
from commands.load.phases import Phase
from commands.load.ways import Site, direct, entry, load_site, network_of
from commands.load.worker import Work, check_archives
from commands.verify.accounts import Account
from commands.verify.outputs import Accounts, Endpoints, Outputs
from commands.verify.sessions import Place

OUTPUTS = Outputs(
    endpoints=Endpoints(domain="chat.test", addresses=("10.0.0.8", "10.0.0.9"), ports={"starttls": 5222}),
    ca="authority",
    accounts=Accounts(host="im1", address="10.0.0.2"),
)


@pytest.fixture
def no_lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(ways, "lab_of", lambda stack: Lab(Places(stack, tmp_path)))
    return tmp_path


def test_hosts_that_are_no_lab_hosts_are_refused(no_lab: Path) -> None:
    with pytest.raises(LoadError) as refused:
        load_site("prod", no_lab, no_lab, outside_lab=False)

    assert str(refused.value) == (
        "prod: has no lab, and real users would feel a load; run scripts/quickstart prod, "
        "or say --outside-lab if these hosts are meant"
    )


def test_the_refusal_is_the_last_line_and_the_exit_code(no_lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prod"]) == 1
    assert capsys.readouterr().err.startswith("load: prod: has no lab")


def test_users_go_round_the_load_balancers() -> None:
    way = entry(Site("prod", OUTPUTS))

    assert [place.address for place in way.places] == ["10.0.0.8", "10.0.0.9"]
    assert not way.proxied


@pytest.mark.parametrize("im_hosts", [(), ("im1", "im2")])
def test_only_a_single_ejabberd_is_compared_with(tmp_path: Path, im_hosts: tuple[str, ...]) -> None:
    with pytest.raises(LoadError) as refused:
        direct(Site("test", OUTPUTS, Lab(Places("test", tmp_path)), im_hosts))

    assert str(refused.value) == "test: to compare with, it needs a lab and exactly one IM host with ejabberd"


def test_a_lab_host_that_is_off_has_no_network(tmp_path: Path) -> None:
    with pytest.raises(LoadError) as refused:
        network_of(Machine(Places("dev", tmp_path), LabHost("dev1", "10.0.0.2")))

    assert str(refused.value) == "dev1: is not running; start it with: scripts/lab up dev"


@pytest.mark.parametrize("words", [["--clients", "3"], ["--clients", "0"], ["--rate", "0"], ["--rounds", "0"]])
def test_numbers_that_make_no_sense_are_refused(words: list[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        main(["dev", *words])

    assert refused.value.code == 2


def test_work_is_read_as_it_was_written() -> None:
    place = Place("starttls", "chat.test", "10.0.0.8", 5222, "authority")
    work = Work((place,), True, (Account("one", "secret"),), 10.0, 5.0, {"dev1": "/sys/fs/cgroup/dev1"})

    assert Work.read(work.text()) == work


def test_every_message_must_be_in_two_archives() -> None:
    phases = [Phase("steady", 1, {}, 0, asked=10), Phase("flat out", 1, {}, 0, asked=5)]

    check_archives(30, phases)
    with pytest.raises(LoadError) as failed:
        check_archives(29, phases)

    assert str(failed.value) == "the archives have 29 entries for 15 messages; expected 30, two for each"


def test_a_proxy_header_names_both_ends() -> None:
    assert proxy_header("10.0.0.1", 4000, "10.0.0.2", 15222) == b"PROXY TCP4 10.0.0.1 10.0.0.2 4000 15222\r\n"
