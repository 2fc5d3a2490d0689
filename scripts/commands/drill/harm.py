"""What is done to hosts, and taken back: through the lab, and inside hosts beside their network."""

import contextlib
import signal
import time
from collections.abc import Callable, Iterator, Sequence

from commands.drill.site import Site
from commands.lab import faults as cuts
from commands.lab.lab import locked
from commands.lab.processes import run

Act = Callable[[Site, Sequence[str]], None]
POSTMASTER = 'kill -s KILL "$(head -n 1 /var/lib/postgresql/15/im/postmaster.pid)"'
ONE_AFTER_THE_OTHER_SECONDS = 10


def act(site: Site, what: Act, hosts: Sequence[str]) -> float:
    """Does it while nobody else changes the lab; the moment at which it began, in monotonic seconds."""
    with locked(site.lab), _children_without_ctrl_c():
        began = time.monotonic()
        what(site, hosts)
    return began


@contextlib.contextmanager
def _children_without_ctrl_c() -> Iterator[None]:
    """A terminal sends it to every process; one that takes a fault back must not end by it. The mask is inherited."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def nothing(_: Site, __: Sequence[str]) -> None:
    """The stack recovers by itself."""


def kill(site: Site, hosts: Sequence[str]) -> None:
    """As when the power goes."""
    for name in hosts:
        site.lab.kill(name)


def start(site: Site, hosts: Sequence[str]) -> None:
    """With their data, and without waiting; those that run are left alone."""
    for name in hosts:
        site.lab.start(name, wait=False)


def start_last(site: Site, hosts: Sequence[str]) -> None:
    """One a while after the other."""
    for place, name in enumerate(hosts):
        time.sleep(ONE_AFTER_THE_OTHER_SECONDS if place else 0)
        site.lab.start(name, wait=False)


def freeze(site: Site, hosts: Sequence[str]) -> None:
    """Nothing on them runs; their connections stay."""
    for name in hosts:
        site.lab.freeze(name, frozen=True)


def thaw(site: Site, hosts: Sequence[str]) -> None:
    """They go on as if no time had passed."""
    for name in hosts:
        site.lab.freeze(name, frozen=False)


def cut(site: Site, hosts: Sequence[str]) -> None:
    """Off from everybody."""
    for name in hosts:
        cuts.cut(site.lab.places, name, (), "both")


def deafen(site: Site, hosts: Sequence[str]) -> None:
    """They are heard, and hear nothing."""
    for name in hosts:
        cuts.cut(site.lab.places, name, (), "in")


def split(site: Site, hosts: Sequence[str]) -> None:
    """None of them reaches another; everybody else reaches all."""
    for place, name in enumerate(hosts[:-1]):
        cuts.cut(site.lab.places, name, hosts[place + 1 :], "both")


def heal(site: Site, _: Sequence[str]) -> None:
    """Everybody reaches everybody."""
    cuts.heal(site.lab.places, None)


def kill_postgresql(site: Site, hosts: Sequence[str]) -> None:
    """Its first process; the others end with it."""
    on_each(site, hosts, ["sh", "-c", POSTMASTER])


def hand_over(site: Site, hosts: Sequence[str]) -> None:
    """As before a restart of its service."""
    on_each(site, hosts, ["/usr/local/lib/im/patroni-order", "hand-over"])


def hand_over_to(site: Site, hosts: Sequence[str]) -> None:
    """The other database hosts are asked to, of which one is the primary. Of three, another one may take it first."""
    others = [name for name in site.with_role("database") if name not in hosts]
    hand_over(site, others * len(others))


def killer(unit: str) -> Act:
    """Kills all processes of a service."""
    return _signalling(unit, "KILL")


def paused(unit: str) -> tuple[Act, Act]:
    """Pauses a service's main process, and lets it go on."""
    return _signalling(unit, "STOP", "--kill-whom=main"), _signalling(unit, "CONT", "--kill-whom=main")


def stopped(unit: str) -> tuple[Act, Act]:
    """Stops a service, and starts it without waiting."""
    return _systemctl("stop", unit), _systemctl("start", "--no-block", unit)


def _signalling(unit: str, name: str, *options: str) -> Act:
    return _systemctl("kill", f"--signal={name}", *options, unit)


def _systemctl(*words: str) -> Act:
    return lambda site, hosts: on_each(site, hosts, ["systemctl", *words])


def on_each(site: Site, hosts: Sequence[str], argv: Sequence[str]) -> None:
    """Runs a command there as root, and waits for its end."""
    for name in hosts:
        run(site.machines[name].inside(argv), doing=f"{name}: {argv[0]}")
