"""The hosts that a fault is for, from the roles of the stack and from how things stand."""

from commands.drill.look import Standing
from commands.drill.site import Site

Hosts = tuple[str, ...]


def primary(_: Site, standing: Standing) -> Hosts:
    """The host of the database's primary."""
    return standing.primaries


def database(site: Site, standing: Standing) -> Hosts:
    """A database host that is not the primary yet."""
    return _spared(site.with_role("database"), standing)[:1]


def holder(_: Site, standing: Standing) -> Hosts:
    """The load balancer with the clients' address."""
    return standing.holders


def cache(_: Site, standing: Standing) -> Hosts:
    """The host of the cache's primary."""
    return tuple(name for name, sight in standing.sights.items() if sight.cache)[:1]


def im_host(site: Site, standing: Standing) -> Hosts:
    """One that is neither the database's primary nor the load balancer in use, as far as there is one."""
    return _spared(site.with_role("im"), standing)[:1]


def im_and_primary(site: Site, standing: Standing) -> Hosts:
    """One host when the primary is an IM host too: of two servers, one has to stay."""
    primaries = standing.primaries
    return primaries if set(primaries) & set(site.with_role("im")) else (*im_host(site, standing), *primaries)


def queue(site: Site, standing: Standing) -> Hosts:
    """One of its members."""
    return _spared(site.with_role("queue"), standing)[:1]


def votes(site: Site, _: Standing) -> Hosts:
    """The hosts with etcd."""
    return (*site.with_role("database"), *site.with_role("witness"))


def im_hosts(site: Site, _: Standing) -> Hosts:
    """All of them."""
    return site.with_role("im")


def all_hosts(site: Site, standing: Standing) -> Hosts:
    """In the order that is worst for a start: who was primary, and whoever has the address, come last."""
    return _spared(tuple(site.machines), standing)


def nobody(_: Site, __: Standing) -> Hosts:
    """No host at all."""
    return ()


def _spared(names: Hosts, standing: Standing) -> Hosts:
    """Those with a part to play at last, the database's primary behind all others."""
    parts = [standing.primaries, standing.holders]
    return tuple(sorted(names, key=lambda name: [name in hosts for hosts in parts]))
