"""A wrong clock on one host. Lab hosts share the machine's, so libfaketime tells it to the services of that host.

To PostgreSQL and Patroni, ejabberd, RabbitMQ and keepalived. Not to etcd, a Go program that asks the kernel itself,
nor to HAProxy, which cannot read the file with the time from where it is locked in, nor to Redis and Sentinel, which
do not start in time with it.
"""

from collections.abc import Sequence
from pathlib import Path

from commands.drill.harm import Act, hand_over_to, on_each
from commands.drill.site import Site

CLOCK = Path(__file__).with_name("on_host") / "clock.sh"


def part(site: Site, hosts: Sequence[str]) -> None:
    """The host gets a clock of its own, which is right; it becomes the primary."""
    _order(site, hosts, "own")
    hand_over_to(site, hosts)


def off(seconds: int) -> Act:
    """From one moment to the next it is so much ahead, or behind when less than 0; with 0 it is right again."""
    return lambda site, hosts: _order(site, hosts, "off", str(seconds))


def give_back(site: Site, hosts: Sequence[str]) -> None:
    """The services ask the machine's clock again."""
    _order(site, hosts, "system")


def _order(site: Site, hosts: Sequence[str], *words: str) -> None:
    on_each(site, hosts, ["sh", "-c", CLOCK.read_text(), "clock", *words])
