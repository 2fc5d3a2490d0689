# managed by Pulumi; edit components/templates/restore/disaster.py
"""A restore of the live data, in steps that `scripts/restore` orders on each host. Each can be done again."""

import json
import re
import shutil
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from . import choice, copies, scratch
from .choice import NEWEST
from .commands import as_postgres, run, said
from .errors import NothingError, RestoreError
from .instance import Instance, controldata

CHOSEN = Path("/var/lib/im-restore/chosen.json")
"""The copy of a restore that is under way: one that was cut off goes on with it."""
LAST = "SELECT date_trunc('second', pg_last_xact_replay_timestamp() AT TIME ZONE 'UTC')"
NUMBER = "SELECT system_identifier FROM pg_control_system()"
HEALTHY_SECONDS = 180
BACKUPS = "backups"
ONCE = ("im-postgresql-backup@*.service", "im-restic@*.service")
"""What a timer may have started a moment ago."""
SPOOL = Path("/var/spool/pgbackrest/archive")
"""Where pgBackRest notes which pieces of the log it has sent. Pieces of other data can have the same names."""

Settings = Mapping[str, Any]


def state(settings: Settings) -> None:
    """Of the live data, as JSON: its number, when it was founded (Unix time), its rows; `null` for what is not known.

    PostgreSQL's own number of a cluster begins with the time of its founding.
    """
    found = re.search(r"system identifier: +(\d+)", controldata(Path(settings["data"])))
    psql = ["psql", "-XAtq", "-d", settings["database"], "-v", "ON_ERROR_STOP=1", "-f", settings["facts"]]
    counted = as_postgres(psql) if found else None
    tables = json.loads(counted.stdout)["tables"] or {} if counted and not counted.returncode else None
    rows = None if tables is None else sum(table["rows"] for table in tables.values())
    begun = json.loads(CHOSEN.read_text()) if CHOSEN.exists() else {}
    founded = int(found[1]) >> 32 if found else None
    told = {"cluster": found[1] if found else None, "founded": founded, "rows": rows, "begun": bool(begun)}
    print(json.dumps({**told, "restored": begun.get("restored", False)}))


def hold(settings: Settings, part: str) -> None:
    """Nothing of this part writes to the database, takes backups or sends copies any more."""
    for unit in (*settings["held"][part], *(ONCE if part == BACKUPS else ())):
        answer = run(["systemctl", "stop", unit])
        if answer.returncode:
            raise RestoreError(f"{unit} does not stop: {said(answer)}")


def choose(settings: Settings, before: str, to: str = NEWEST, named: str = NEWEST) -> None:
    """Refuses where `fetch` would find no copy, or two that could be meant; asked while everything still runs."""
    if not CHOSEN.exists():
        chosen_copy(settings, before, to, named)


def chosen_copy(settings: Settings, before: str, to: str, named: str) -> choice.Copy:
    """`before` is a Unix time, or `newest`."""
    moment = None if before == NEWEST else datetime.fromtimestamp(int(before), UTC)
    copy = choice.choose(settings["place"], moment, to, named)
    if named == NEWEST:
        choice.refuse_doubt(settings["place"], moment, copy)
    return copy


def fetch(settings: Settings, before: str, to: str = NEWEST, named: str = NEWEST) -> None:
    """The repository, as the copy has it; what is there is put aside. The copies of by now count."""
    if not CHOSEN.exists():
        CHOSEN.write_text(json.dumps(chosen_copy(settings, before, to, named)))
    copy = json.loads(CHOSEN.read_text())
    put(settings, copy)
    print(json.dumps({"copy": copy["time"]}))


def put(settings: Settings, copy: Mapping[str, Any]) -> None:
    """A copy in the place of the repository, whole or not at all."""
    target = Path(settings["repository"])
    new = target.with_name(f"{target.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    scratch.make()
    copies.fetch(settings["place"], copy, str(target), scratch.COPY)
    shutil.move(f"{scratch.COPY}{target}", new)
    run(["chown", "-R", "postgres:postgres", str(new)])  # a move to another disk makes new files
    new.chmod(0o750)
    aside(target)
    new.rename(target)
    scratch.remove()


def listed(settings: Settings) -> None:
    """The copies that can be named."""
    print(json.dumps({"copies": choice.listed(settings["place"])}))


def fill(settings: Settings, connection: str) -> None:
    """A new machine's empty repository, from the newest copy of the live database; left empty when there is none."""
    if any(Path(settings["repository"]).iterdir()):
        return
    answer = as_postgres(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", NUMBER, connection])
    if answer.returncode:
        raise RestoreError(f"the live database does not tell its number: {said(answer)}")
    try:
        copy = choice.of_cluster(settings["place"], answer.stdout.strip())
    except NothingError:
        return
    if copy:
        exchange(settings, copy)


def refill(settings: Settings, cluster: str, named: str = NEWEST) -> None:
    """The repository alone, while the database goes on; what is there is put aside."""
    copy = choice.of_cluster(settings["place"], cluster, named)
    if not copy:
        raise RestoreError(f"{copies.url(settings['place'])}: has no copy of the live database")
    exchange(settings, copy)
    print(json.dumps({"copy": copy["time"]}))


def exchange(settings: Settings, copy: Mapping[str, Any]) -> None:
    """Backups wait for it."""
    hold(settings, BACKUPS)
    try:
        put(settings, copy)
    finally:
        release(settings, BACKUPS)


def recover(settings: Settings, to: str) -> None:
    """The data, up to `to` or the end of the log, as a stopped primary without a cluster."""
    stanza, data = settings["stanza"], Path(settings["data"])
    scratch.make()
    clear(settings)
    data.mkdir(mode=0o700)
    shutil.chown(data, "postgres", "postgres")
    answer = as_postgres(["pgbackrest", f"--stanza={stanza}", *chosen(stanza, to), "--type=default", "restore"])
    if answer.returncode:
        raise RestoreError(f"the backup cannot be restored: {said(answer)}")
    pgbackrest = f"pgbackrest --stanza={stanza}"
    instance = Instance(data, f'{pgbackrest} archive-get %f "%p"', f"{pgbackrest} archive-push %p")
    target = {} if to == NEWEST else {"recovery_target_time": copies.when(to).isoformat()}
    instance.start({**target, "recovery_target_action": "promote"})
    instance.wait("SELECT pg_is_in_recovery()", "f")
    last = instance.ask(LAST)
    instance.ask("ALTER SYSTEM RESET restore_command")
    instance.stop()
    scratch.remove()
    data.with_name(f"{data.name}.begun").unlink(missing_ok=True)  # for Patroni it would be a founding that was cut off
    forget_cluster()
    print(json.dumps({"recovered_to": last}))


def chosen(stanza: str, to: str) -> list[str]:
    """The options that name the newest backup that ended by then."""
    if to == NEWEST:
        return []
    found = json.loads(as_postgres(["pgbackrest", f"--stanza={stanza}", "--output=json", "info"]).stdout)
    limit = copies.when(to).timestamp()
    labels = [each["label"] for each in found[0]["backup"] if not each["error"] and each["timestamp"]["stop"] <= limit]
    if not labels:
        raise RestoreError(f"there is no backup that was made before {to}")
    return [f"--set={labels[-1]}"]


def forget_cluster() -> None:
    """Patroni takes the data for a new cluster then. Members are down, so that there is no leader to name."""
    answer = run(["patronictl", "-c", "/etc/patroni/im", "remove", "im"], stdin="im\nYes I am aware\n")
    if answer.returncode:
        raise RestoreError(f"Patroni's record of the cluster cannot be removed: {said(answer)}")


def clear(settings: Settings) -> None:
    """The data of a member goes. A further one then copies the first."""
    aside(Path(settings["data"]))
    shutil.rmtree(SPOOL, ignore_errors=True)


def files(settings: Settings, before: str) -> None:
    """What users had uploaded by the time of the repository's copy, from this host's own copies."""
    if settings["uploads"]:
        copy = copies.newest(settings["place"], "files", copies.when(before))
        copies.fetch(settings["place"], copy, settings["uploads"], Path("/"))


def restored(settings: Settings) -> None:
    """All data is back: a restore that is cut off from now on only has to start what it has stopped."""
    CHOSEN.write_text(json.dumps({**json.loads(CHOSEN.read_text()), "restored": True}))


def release(settings: Settings, part: str) -> None:
    """What was held goes on, in the opposite order. A member must be healthy."""
    for unit in reversed(settings["held"][part]):
        answer = run(["systemctl", "start", unit])
        if answer.returncode:
            raise RestoreError(f"{unit} does not start: {said(answer)}")
        if unit == "patroni.service":
            healthy()


def healthy() -> None:
    deadline = time.monotonic() + HEALTHY_SECONDS
    while (answer := run(["/usr/local/lib/im/patroni-order", "healthy"])).returncode:
        if time.monotonic() > deadline:
            raise RestoreError(f"PostgreSQL is not healthy after {HEALTHY_SECONDS} s: {said(answer)}")
        time.sleep(1)


def done(settings: Settings) -> None:
    """The next restore chooses anew. A backup comes by itself: its timer starts one soon after it was started."""
    CHOSEN.unlink(missing_ok=True)


def aside(folder: Path) -> None:
    """Nothing is deleted: what was there may be all that is left of something."""
    if folder.exists() and any(folder.iterdir()):
        folder.rename(folder.with_name(f"{folder.name}.before-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"))
    elif folder.exists():
        folder.rmdir()


ORDERS: dict[str, Callable[..., None]] = {
    "state": state,
    "choose": choose,
    "hold": hold,
    "fetch": fetch,
    "copies": listed,
    "fill": fill,
    "refill": refill,
    "recover": recover,
    "clear": clear,
    "files": files,
    "restored": restored,
    "release": release,
    "done": done,
}
