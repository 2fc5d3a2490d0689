"""Confirmed changes: a rollback that survives the session and a reboot, disarmed by a new login in time.

A timer starts `agent.pyz rollback SERVICE`, and a unit does early at boot. Both do nothing once the marker is gone.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from . import commit, lock
from .archive import archive
from .commands import Commands
from .declaration import Declaration
from .errors import AgentError
from .store import Store, make_private, read_json, sync_folder, write_private
from .undo import Undo
from .undo_log import Logged, UndoLog

SECONDS = 60
GRACE_SECONDS = 60
TIMER = "onprem-rollback"
BOOT_UNIT = Path("/etc/systemd/system/onprem-rollback-boot.service")
BOOT_LINK = BOOT_UNIT.parent / "sysinit.target.wants" / BOOT_UNIT.name
BOOT_TEXT = """\
[Unit]
Description=Puts back a change of {service} that nobody confirmed
DefaultDependencies=no
ConditionPathExists={armed}
RequiresMountsFor={root}
After=local-fs.target
Before=network-pre.target ssh.service nftables.service {units}

[Service]
Type=oneshot
ExecStart={python} -I {archive} rollback {service} boot
"""


@dataclass(frozen=True)
class Armed:
    """The marker. `until` is on the monotonic clock of this boot; `process` is the agent that armed."""

    service: str
    token: str
    until: float
    process: int


def armed(store: Store) -> Armed | None:
    """What waits for its confirmation."""
    found = read_json(store.armed)
    return Armed(**found) if found else None


def arm(store: Store, commands: Commands, declared: Declaration) -> None:
    """From now on the change is put back unless it is confirmed."""
    write_private(store.archive, archive("main"))
    text = BOOT_TEXT.format(
        service=declared.service,
        armed=store.armed,
        root=store.root,
        units=" ".join(sorted(declared.units)),
        python=sys.executable,
        archive=store.archive,
    )
    _write_boot_unit(text)
    _write_marker(store, Armed(declared.service, secrets.token_hex(16), time.monotonic() + SECONDS, os.getpid()))
    commands.run(["systemctl", "stop", f"{TIMER}.timer", f"{TIMER}.service"])
    timer = ["systemd-run", "--quiet", "--collect", f"--unit={TIMER}", f"--on-active={SECONDS}"]
    action = [sys.executable, "-I", str(store.archive), "rollback", declared.service]
    commands.must([*timer, "--timer-property=AccuracySec=100ms", "--property=KillMode=process", *action])


def _write_boot_unit(text: str) -> None:
    """Durably: the next boot may be a moment away."""
    with BOOT_UNIT.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    BOOT_LINK.parent.mkdir(exist_ok=True)
    BOOT_LINK.unlink(missing_ok=True)
    BOOT_LINK.symlink_to(BOOT_UNIT)
    for folder in (BOOT_UNIT.parent, BOOT_LINK.parent):
        sync_folder(folder)


def extend(store: Store) -> str:
    """The change is made: its whole time begins now. The token that confirms it."""
    found = armed(store)
    if found is None:
        raise AgentError("the change was put back before it was made; try again")
    _write_marker(store, Armed(**{**asdict(found), "until": time.monotonic() + SECONDS}))
    return found.token


def confirm(store: Store, commands: Commands, service: str, token: str) -> None:
    """The change stays. Only a new login can say so."""
    found = armed(store)
    if found is None or found.service != service or not secrets.compare_digest(found.token, token):
        raise AgentError(f"{service}: no change waits for this confirmation; the host has put it back")
    if found.process == os.getpid():
        raise AgentError(f"{service}: the login that made the change cannot confirm it; log in again")
    commit.finish(store, service)
    disarm(store, commands)


def disarm(store: Store, commands: Commands) -> None:
    """Nothing is put back any more."""
    for path in (store.armed, BOOT_LINK, BOOT_UNIT, store.archive):
        path.unlink(missing_ok=True)
    commands.run(["systemctl", "stop", f"{TIMER}.timer"])


@contextlib.contextmanager
def writing(store: Store, commands: Commands) -> Iterator[None]:
    """The host's lock, once no change waits for its confirmation."""
    deadline = time.monotonic() + SECONDS + 2 * GRACE_SECONDS
    while True:
        with lock.writing(store, commands):
            found = armed(store)
            if found is not None and _is_overdue(found):
                roll_back(store, commands.unstoppable(), found.service)
                found = None
            if found is None:
                yield
                return
        if time.monotonic() > deadline:
            raise AgentError(f"a change of {found.service} waits for its confirmation; try again in a minute")
        commands.progress(f"waiting for the confirmation of {found.service}")
        commands.ending.wait(1)


def _is_overdue(found: Armed) -> bool:
    """Whether its own rollback must have failed, or is of another boot."""
    now = time.monotonic()
    return now > found.until + GRACE_SECONDS or found.until > now + SECONDS + GRACE_SECONDS


def await_and_roll_back(store: Store, commands: Commands, service: str, *, boot: bool) -> str:
    """What the timer starts: puts the change back once its time is over; what was done, for the journal."""
    while True:
        with lock.writing(store, commands, seconds=float("inf")):
            found = armed(store)
            if found is None or found.service != service:
                return f"{service}: confirmed"
            if boot or time.monotonic() >= found.until:
                return roll_back(store, commands, service, boot=boot)
        time.sleep(0.2)


def roll_back(store: Store, commands: Commands, service: str, *, boot: bool = False) -> str:
    """The host as it was before the change. What cannot be put back is tried again by the next change."""
    folder = store.transaction(service)
    logged = Logged(folder)
    undone = Undo(commands, logged.before, logged.acted, folder, boot).run()
    if not undone.failed:
        UndoLog(folder).abandon()
    disarm(store, commands)
    failed = f"; not: {', '.join(undone.failed)}" if undone.failed else ""
    return f"{service}: not confirmed within {SECONDS} s; put back: {', '.join(undone.put_back) or 'nothing'}{failed}"


def _write_marker(store: Store, marker: Armed) -> None:
    make_private(store.root)
    write_private(store.armed, json.dumps(asdict(marker)).encode())
