"""The faults, in the order of their list: each names its hosts from how things stand, harms them, and takes it back."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from commands.drill import DrillError, clock, disk, harm, rolling, targets
from commands.drill.look import Standing
from commands.drill.site import Site


@dataclass(frozen=True)
class Fault:
    """`seconds` is how long it lasts, or how long is looked on when nothing is to be taken back.

    `stage` is what its hosts need beforehand, and `clear` takes that away after the round; neither is measured.
    """

    name: str
    does: str
    choose: Callable[[Site, Standing], tuple[str, ...]]
    inject: harm.Act
    undo: harm.Act
    seconds: float
    stage: harm.Act = harm.nothing
    clear: harm.Act = harm.nothing

    def __str__(self) -> str:
        return f"{self.name}: {self.does}"


# With two servers the primary and the clients' address tend to be on one; the switchover parts them.
FAULTS = (
    Fault("primary-process", "kill the database's primary", targets.primary, harm.kill_postgresql, harm.nothing, 15),
    Fault("primary-host", "kill the host of the database's primary", targets.primary, harm.kill, harm.start, 35),
    Fault("patroni-paused", "pause the primary's Patroni for 60 s", targets.primary, *harm.paused("patroni"), 60),
    Fault("primary-paused", "pause the primary's host for 60 s", targets.primary, harm.freeze, harm.thaw, 60),
    Fault("primary-cut", "cut the primary off from all for 60 s", targets.primary, harm.cut, harm.heal, 60),
    Fault("primary-deaf", "let the primary hear nobody for 60 s", targets.primary, harm.deafen, harm.heal, 60),
    Fault("etcd-down", "stop all etcd members for 60 s", targets.votes, *harm.stopped("etcd"), 60),
    Fault("im-host", "kill an IM host with its sessions", targets.im_host, harm.kill, harm.start, 20),
    Fault("im-and-primary", "kill an IM host and the primary", targets.im_and_primary, harm.kill, harm.start, 35),
    Fault("split-50ms", "split the IM hosts for 50 ms", targets.im_hosts, harm.split, harm.heal, 0.05),
    Fault("split-60s", "split the IM hosts for 60 s", targets.im_hosts, harm.split, harm.heal, 60),
    Fault(
        "queue-member", "kill a member of the queues", targets.queue, harm.killer("rabbitmq-server"), harm.nothing, 15
    ),
    Fault("cache-primary", "kill the cache's primary", targets.cache, harm.killer("redis-server"), harm.nothing, 15),
    Fault("switchover", "hand the database over, as planned", targets.primary, harm.hand_over, harm.nothing, 10),
    Fault("vip-holder", "kill the load balancer in use", targets.holder, harm.kill, harm.start, 35),
    Fault(
        "haproxy", "kill HAProxy on the load balancer in use", targets.holder, harm.killer("haproxy"), harm.nothing, 10
    ),
    Fault(
        "power-off", "switch all hosts off, and on in the worst order", targets.all_hosts, harm.kill, harm.start_last, 5
    ),
    Fault(
        "disk-full",
        "fill the disk of the primary's data for 60 s",
        targets.database,
        disk.fill,
        disk.make_room,
        60,
        disk.shrink,
        disk.give_back,
    ),
    Fault(
        "clock-off",
        "set the primary's clock 10 min back for 60 s, and right again",
        targets.database,
        clock.off(-600),
        clock.off(0),
        60,
        clock.part,
        clock.give_back,
    ),
    Fault(
        "rolling",
        "change settings of all clustered services, there and back",
        targets.all_hosts,
        rolling.change,
        rolling.change_back,
        5,
    ),
    Fault("quiet", "leave everything alone for 30 min", targets.nobody, harm.nothing, harm.nothing, 1800),
)


def named(names: Sequence[str]) -> tuple[Fault, ...]:
    """The faults of these names, in this order; all of them for no names."""
    known = {fault.name: fault for fault in FAULTS}
    if unknown := [name for name in names if name not in known]:
        raise DrillError(f"{', '.join(unknown)}: no such fault; choose from {', '.join(known)}")
    return tuple(known[name] for name in names) or FAULTS
