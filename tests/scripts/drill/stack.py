"""A stack of two servers and a vote, without hosts."""

from pathlib import Path

from commands.drill.look import Sight, Standing
from commands.drill.site import Site
from commands.lab.lab import Lab
from commands.lab.places import Places
from commands.verify.outputs import Accounts, Endpoints, Outputs

ADDRESS = "10.0.0.10"
OUTPUTS = Outputs(
    endpoints=Endpoints(domain="chat.test", addresses=(ADDRESS,), ports={"tls": 5223}),
    ca="",
    accounts=Accounts(host="im1", address="10.0.0.1"),
)
BOTH = ("im1", "im2")
SITE = Site(
    Lab(Places("test", Path("/checkout"))),
    OUTPUTS,
    {"load_balancer": BOTH, "im": BOTH, "database": BOTH, "witness": ("vote1",)},
    Path("/checkout/stacks"),
    Path("/checkout/.apply"),
)
NODES = ("ejabberd@10.0.0.1", "ejabberd@10.0.0.2")
REST = Standing(
    {
        "im1": Sight(primary=True, standbys=1, nodes=NODES, holder=True),
        "im2": Sight(nodes=NODES),
        "vote1": Sight(),
    }
)


def standing(away: tuple[str, ...] = (), **changed: Sight) -> Standing:
    """At rest but for these hosts."""
    return Standing({name: sight for name, sight in {**REST.sights, **changed}.items() if name not in away}, away)
