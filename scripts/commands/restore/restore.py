"""The steps of a restore, in their order."""

from collections.abc import Callable, Collection, Mapping, Sequence
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

    @property
    def hosts(self) -> list[HostLogin]:
        """Each once. IM servers stop first, and start last."""
        return list({host.host: host for host in (*self.im, *self.databases, self.operations)}.values())


def load_site(stack: str, outputs: Outputs) -> Site:
    """Raises when there is nothing offsite that could be restored."""
    if outputs.operations is None or not outputs.restored:
        raise RestoreError(f"{stack}: nothing is saved offsite; see docs/backups.md")
    return Site(outputs.operations, outputs.restored["database"], outputs.restored["im"])


def restore(site: Site, to: str, overwritten: Collection[str], order: Order, say: Say) -> None:
    """All of it. What was cut off can be begun again: it goes on with the same copy."""
    states = {host.host: order(host, "state") for host in site.databases}
    begun = order(site.operations, "state")["begun"]
    if not begun:
        refuse_live(states, overwritten)
    before = copy_before(states, overwritten)
    say("stopping what writes")
    for host in site.hosts:
        order(host, "hold")
    say("fetching the repository from offsite")
    copied = order(site.operations, "fetch", before)["copy"]
    say(f"  as of {copied}")
    say("restoring the database")
    say(f"  the last transaction is of {order(site.databases[0], 'recover', to)['recovered_to'] or 'the backup'}")
    for host in site.databases[1:]:
        order(host, "clear")
    for host in site.im:
        say(f"restoring uploads of {host.host}")
        order(host, "files", copied)
    say("starting")
    for host in reversed(site.hosts):
        order(host, "release")
    order(site.operations, "done")


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
