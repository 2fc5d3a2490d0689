"""Cutting hosts off: drop rules on the lab's bridge, so that a host's own firewall stays untouched."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from commands.lab import network
from commands.lab.places import Places

TABLE = "bridge lab_cuts"
CUTS = "cuts.json"


@dataclass(frozen=True)
class Cut:
    """What a host no longer receives (in), sends (out) or both; from one peer, or from everybody when None."""

    host: str
    peer: str | None = None
    direction: str = "both"


def read(places: Places) -> tuple[Cut, ...]:
    path = places.folder / CUTS
    return tuple(Cut(**fields) for fields in json.loads(path.read_text())) if path.exists() else ()


def cut(places: Places, host: str, peers: Sequence[str], direction: str) -> None:
    new = [Cut(host, peer, direction) for peer in (peers or (None,))]
    _apply(places, tuple(dict.fromkeys([*read(places), *new])))


def heal(places: Places, host: str | None) -> None:
    """Takes back all cuts, or those that name this host on either side."""
    _apply(places, tuple(one for one in read(places) if host is not None and host not in (one.host, one.peer)))


def forget(places: Places) -> None:
    """The rules went with their network."""
    (places.folder / CUTS).unlink(missing_ok=True)


def _apply(places: Places, cuts: tuple[Cut, ...]) -> None:
    network.enter(places, ["nft", "-f", "-"], stdin=ruleset(places, cuts), doing="nft")
    (places.folder / CUTS).write_text(json.dumps([asdict(one) for one in cuts]))


def ruleset(places: Places, cuts: Sequence[Cut]) -> str:
    """The whole table anew, in one transaction."""
    rules = "".join(rule for one in cuts for rule in _rules(places, one))
    chains = "".join(
        f"    chain {hook} {{\n        type filter hook {hook} priority 0;\n        jump cuts\n    }}\n"
        for hook in ("input", "forward", "output")
    )
    return f"table {TABLE} {{}}\ndelete table {TABLE}\ntable {TABLE} {{\n    chain cuts {{\n{rules}    }}\n{chains}}}\n"


def _rules(places: Places, one: Cut) -> list[str]:
    port = places.bridge_port(one.host)
    to_peer = f' oifname "{places.bridge_port(one.peer)}"' if one.peer else ""
    from_peer = f' iifname "{places.bridge_port(one.peer)}"' if one.peer else ""
    out = f'        iifname "{port}"{to_peer} drop\n'
    into = f'        oifname "{port}"{from_peer} drop\n'
    return [rule for rule, way in ((out, "out"), (into, "in")) if one.direction in (way, "both")]
