"""The steps of a restore, in their order."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from commands.restore import RestoreError
from commands.restore.moments import NEWEST
from commands.verify.outputs import HostLogin, Outputs

Order = Callable[..., dict[str, Any]]
Say = Callable[[str], None]
State = Mapping[str, Any]


@dataclass(frozen=True)
class Site:
    """Who has what: `operations` keeps the repository, the first of `databases` is restored, the others copy it."""

    operations: HostLogin
    databases: Sequence[HostLogin]
    im: Sequence[HostLogin]


def load_site(stack: str, outputs: Outputs) -> Site:
    """Raises when there is nothing offsite that could be restored."""
    if outputs.operations is None or not outputs.restored:
        raise RestoreError(f"{stack}: nothing is saved offsite; see docs/backups.md")
    return Site(outputs.operations, outputs.restored["database"], outputs.restored["im"])


@dataclass(frozen=True)
class Wanted:
    """Moments as of `moments.py`: up to when, and by when the copy was made; hosts whose live data is replaced."""

    to: str = NEWEST
    copy: str = NEWEST
    overwritten: Collection[str] = ()


def restore(site: Site, wanted: Wanted, order: Order, say: Say) -> None:
    """All of it. What was cut off can be begun again: it goes on with the same copy, or with the start of services."""
    states = {host.host: order(host, "state") for host in site.databases}
    under_way = order(site.operations, "state")
    if not under_way["begun"]:
        refuse_live(states, wanted.overwritten)
    lost: list[str] = []
    if not under_way["restored"]:
        lost = bring_back(site, wanted, copy_before(states, wanted.overwritten), order, say)
    say("starting")
    start(site, order)
    order(site.operations, "done")
    if lost:
        raise RestoreError(f"the database is back and everything runs, but uploads are missing: {'; '.join(lost)}")


def bring_back(site: Site, wanted: Wanted, before: str, order: Order, say: Say) -> list[str]:
    """The data, while everything stands still. Returns which uploads are not back: chats do not wait for them."""
    which = (before, wanted.to, wanted.copy)
    order(site.operations, "choose", *which)
    say("stopping what writes")
    stop(site, order)
    say("fetching the repository from offsite")
    copied = order(site.operations, "fetch", *which)["copy"]
    say(f"  as of {copied}")
    say("restoring the database")
    last = order(site.databases[0], "recover", wanted.to)["recovered_to"]
    say(f"  the last transaction is of {last or 'the backup'}")
    for host in site.databases[1:]:
        order(host, "clear")
    lost = []
    for host in site.im:
        say(f"restoring uploads of {host.host}")
        try:
            order(host, "files", copied)
        except RestoreError as error:
            lost.append(str(error))
    order(site.operations, "restored")
    return lost


def refill(site: Site, copy: str, order: Order, say: Say) -> None:
    """The repository alone; the database goes on, and a member of it tells which one it is."""
    clusters = [state["cluster"] for host in site.databases if (state := order(host, "state"))["cluster"]]
    if not clusters:
        raise RestoreError("no database host has data; what brings it back brings the repository, too")
    say("fetching the repository from offsite")
    say(f"  as of {order(site.operations, 'refill', clusters[0], copy)['copy']}")


def copies(site: Site, order: Order) -> Iterator[str]:
    """The copies that can be named, a line each."""
    for each in order(site.operations, "copies")["copies"]:
        holds = f"backups from {each['from']} to {each['backup']}" if each["backup"] else "it does not say what it has"
        yield f"{each['copy']}  {holds}" + (f", database of {each['founded']}" if each["founded"] else "")


def stop(site: Site, order: Order) -> None:
    """Who writes stops before what it writes to."""
    for host in site.im:
        order(host, "hold", "im")
    for host in reversed(site.databases):
        order(host, "hold", "database")
    order(site.operations, "hold", "backups")


def start(site: Site, order: Order) -> None:
    """The restored member first: another one, alone, would found an empty cluster. Of IM servers, who stopped last."""
    for host in site.databases:
        order(host, "release", "database")
    order(site.operations, "release", "backups")
    for host in reversed(site.im):
        order(host, "release", "im")


def refuse_live(states: Mapping[str, State], overwritten: Collection[str]) -> None:
    """A database that has rows, or that cannot be counted, is overwritten only when it is named."""
    for host, state in states.items():
        if state["founded"] is None or state["rows"] == 0 or host in overwritten:
            continue
        found = "cannot be counted" if state["rows"] is None else f"has {state['rows']} rows"
        raise RestoreError(f"{host}: its database {found}; to put it aside and restore, add: --overwrite {host}")


def copy_before(states: Mapping[str, State], overwritten: Collection[str]) -> str:
    """New and empty databases were copied offsite, too, since they were made: the copy wanted is older than they."""
    made = [state["founded"] for host, state in states.items() if state["founded"] and host not in overwritten]
    return str(min(made)) if made else NEWEST
