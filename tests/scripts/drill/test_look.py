"""What keeps a stack from being at rest."""

import pytest

from commands.drill.look import Sight, Standing, problems
from tests.scripts.drill.stack import NODES, REST, SITE, standing

STANDBY = Sight(nodes=NODES)
PRIMARY = Sight(primary=True, standbys=1, nodes=NODES, holder=True)


def test_a_stack_at_rest_has_no_problem() -> None:
    assert problems(SITE, REST) == []


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        (standing(away=("vote1",)), "vote1: is off, paused or cut off"),
        (
            standing(im2=Sight(primary=True, standbys=1, nodes=NODES)),
            "database: im1 and im2 takes writes; expected one",
        ),
        (standing(im1=Sight(nodes=NODES, holder=True)), "database: no host takes writes; expected one"),
        (
            standing(im1=Sight(primary=True, nodes=NODES, holder=True)),
            "im1: database: no synchronous standby",
        ),
        (standing(im2=Sight(nodes=NODES, holder=True)), "10.0.0.10: is on im1 and im2; expected one"),
        (standing(im1=Sight(primary=True, standbys=1, nodes=NODES)), "10.0.0.10: is on no host; expected one"),
        (standing(im2=Sight(nodes=NODES[1:])), "im1, im2: ejabberd: do not all see each other"),
        (standing(vote1=Sight(unhealthy=("etcd",))), "vote1: etcd: its check fails"),
    ],
)
def test_says_what_is_wrong(found: Standing, sentence: str) -> None:
    assert problems(SITE, found) == [sentence]
