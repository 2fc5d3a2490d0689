"""Which hosts a fault is for."""

import pytest

from commands.drill import DrillError, harm
from commands.drill.faults import FAULTS, named
from commands.drill.look import Sight, Standing
from commands.drill.targets import database, holder, im_and_primary, im_host, im_hosts, primary, votes
from tests.scripts.drill.stack import NODES, REST, SITE

APART = Standing({"im1": Sight(nodes=NODES, holder=True), "im2": Sight(primary=True, standbys=1, nodes=NODES)})


def test_the_primary_and_the_holder_are_where_they_are() -> None:
    assert primary(SITE, APART) == ("im2",)
    assert holder(SITE, APART) == ("im1",)


def test_the_im_host_is_one_without_another_part_to_play() -> None:
    assert im_host(SITE, REST) == ("im2",)


def test_the_im_host_is_rather_the_holder_than_the_primary() -> None:
    assert im_host(SITE, APART) == ("im1",)


def test_a_split_is_between_all_im_hosts() -> None:
    assert im_hosts(SITE, REST) == ("im1", "im2")


def test_of_two_servers_one_stays() -> None:
    assert im_and_primary(SITE, REST) == ("im1",)


def test_every_vote_has_etcd() -> None:
    assert votes(SITE, REST) == ("im1", "im2", "vote1")


def test_what_is_staged_is_staged_on_a_database_host_that_is_not_the_primary() -> None:
    assert database(SITE, REST) == ("im2",)
    assert database(SITE, APART) == ("im1",)


def test_what_is_staged_is_cleared() -> None:
    staged = {fault.name for fault in FAULTS if fault.stage is not harm.nothing}
    assert staged == {fault.name for fault in FAULTS if fault.clear is not harm.nothing} == {"disk-full", "clock-off"}


def test_no_names_are_all_faults() -> None:
    assert named([]) == FAULTS


def test_names_are_followed_in_their_order() -> None:
    assert [fault.name for fault in named(["vip-holder", "primary-host"])] == ["vip-holder", "primary-host"]


def test_an_unknown_name_is_refused_with_those_there_are() -> None:
    with pytest.raises(DrillError) as refused:
        named(["primary-host", "flood"])

    assert str(refused.value) == f"flood: no such fault; choose from {', '.join(fault.name for fault in FAULTS)}"
