"""A full disk on a database host: PostgreSQL's data moves to a small file system, which is then filled to its end.

The disk of the machine under the lab stays as it is.
"""

from collections.abc import Sequence
from pathlib import Path

from commands.drill.harm import hand_over_to, on_each
from commands.drill.site import Site

DISK = Path(__file__).with_name("on_host") / "disk.sh"


def shrink(site: Site, hosts: Sequence[str]) -> None:
    """The data moves; its host becomes the primary."""
    _order(site, hosts, "small")
    hand_over_to(site, hosts)


def fill(site: Site, hosts: Sequence[str]) -> None:
    """Not one block is left."""
    _order(site, hosts, "full")


def make_room(site: Site, hosts: Sequence[str]) -> None:
    """What filled it goes."""
    _order(site, hosts, "room")


def give_back(site: Site, hosts: Sequence[str]) -> None:
    """The data moves back to the host's own disk."""
    _order(site, hosts, "gone")


def _order(site: Site, hosts: Sequence[str], word: str) -> None:
    on_each(site, hosts, ["sh", "-c", DISK.read_text(), "disk", word])
