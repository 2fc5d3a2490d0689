# managed by Pulumi; edit components/templates/restore/trial.py
"""A restore test: the newest backup of the copy offsite in a scratch instance, compared with what was counted."""

import json
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from . import choice, copies, im_server, repository, scratch
from .choice import NEWEST
from .errors import RestoreError
from .instance import Instance

LAST = "SELECT extract(epoch FROM pg_last_xact_replay_timestamp())"
"""Empty when the log has no transaction after the record."""

Report = dict[str, Any]


def run(settings: Mapping[str, Any], words: str = NEWEST) -> None:
    """Writes a report, whatever happens, and raises when the test is not good. `words` is TO, or TO_COPY."""
    begun, clock = datetime.now(UTC), time.monotonic()
    to, _, named = words.partition("_")
    report: Report = {"begun": stamp(begun), "to": words, "good": False, "problem": "it was cut off"}
    try:
        scratch.make()
        report["copy"] = chosen(settings["place"], to, named or NEWEST)
        restored(settings, report, None if to == NEWEST else copies.when(to), begun, clock)
        report["good"] = True
        del report["problem"]
    except RestoreError as error:
        report["problem"] = str(error)
        raise
    finally:
        scratch.remove()
        report["seconds"] = round(time.monotonic() - clock, 1)
        write(settings, report, begun)
    if words == NEWEST:
        tell(Path(settings["metrics"]), report, begun)


def chosen(place: str, to: str, named: str) -> dict[str, str]:
    """The copy that is tried."""
    copy = choice.choose(place, to=to, named=named)
    return {"id": copy["id"], "time": copy["time"]}


def restored(settings: Mapping[str, Any], report: Report, to: "datetime | None", begun: datetime, clock: float) -> None:
    """Fills the report as it goes, so that one of a failed test says how far it came."""
    stanza = settings["stanza"]
    copies.fetch(settings["place"], report["copy"], settings["repository"], scratch.COPY)
    repository.prepare(settings["repository"], stanza)
    backup = repository.chosen(stanza, to)
    report["backup"] = backup["label"]
    copies.room(scratch.DATA, backup["size"], f"backup {backup['label']}")
    repository.restore(stanza, backup["label"])
    instance = Instance(scratch.DATA, repository.fetch_command(stanza))
    report["tables"] = counted(instance, backup["facts"], settings)
    last = recovered(instance, stanza, to) or copies.when(backup["facts"]["at"])
    report["recovered_to"], report["rpo_seconds"] = stamp(last), round(((to or begun) - last).total_seconds(), 1)
    report["rto_seconds"] = round(time.monotonic() - clock, 1)
    instance.check()
    report["amcheck"] = "passed"
    report["message"] = (
        im_server.read_back(instance, settings) if settings["role"] else "the vendor's server is not tried"
    )
    instance.stop()


def counted(instance: Instance, recorded: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """At the very moment of the record, so that what was written or deleted since is no difference."""
    instance.start({"recovery_target_lsn": recorded["lsn"], "recovery_target_action": "pause"})
    instance.wait("SELECT pg_get_wal_replay_pause_state()", "paused")
    found = json.loads(instance.file(settings["facts"], settings["database"]))["tables"]
    instance.stop()
    if wrong := list(missing(recorded["tables"], found)):
        raise RestoreError(f"the restored database has less than was recorded: {'; '.join(wrong)}")
    return {name: {"recorded": facts, "restored": found[name]} for name, facts in recorded["tables"].items()}


def missing(recorded: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[str]:
    """In words, table by table."""
    for name, facts in recorded.items():
        if name not in found:
            yield f"{name} is not there"
            continue
        for what in ("rows", "newest"):
            if (facts[what] or 0) > (found[name][what] or 0):
                yield f"{name}: {what} {found[name][what]}, recorded {facts[what]}"


def recovered(instance: Instance, stanza: str, to: "datetime | None") -> "datetime | None":
    """The moment of the last transaction that the log brought, if it brought one."""
    target = {"recovery_target_time": to.isoformat()} if to else {}
    instance.start({**target, "recovery_target_action": "promote"})
    instance.wait("SELECT pg_is_in_recovery()", "f")
    last = instance.ask(LAST)
    if to is None:
        reached = instance.ask("SELECT pg_walfile_name(pg_last_wal_replay_lsn())")
        unbroken(reached, repository.last_piece(stanza))
    return datetime.fromtimestamp(float(last), UTC) if last else None


def unbroken(reached: str, newest: str) -> None:
    """Recovery ends without a word where a piece of the log is missing, even if later ones are there.

    The two names begin with their timelines, which a restore makes different.
    """
    if int(reached[8:], 16) < int(newest[8:], 16):
        raise RestoreError(f"the log is broken: it can be followed to {reached}, and the copy has {newest}")


def stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def write(settings: Mapping[str, Any], report: Report, begun: datetime) -> None:
    """One file for each test. What a moment of before needs says nothing of the newest backup."""
    reports = Path(settings["reports"])
    reports.mkdir(mode=0o755, parents=True, exist_ok=True)
    newest = [Path(settings["newest_report"])] if report["to"] == NEWEST else []
    for file in (reports / f"{begun:%Y-%m-%dT%H-%M-%SZ}.json", *newest):
        replace(file, json.dumps(report, indent=1) + "\n")


def tell(metrics: Path, report: Report, begun: datetime) -> None:
    """Only good ones: what monitoring knows then grows older."""
    metrics.mkdir(mode=0o755, parents=True, exist_ok=True)
    figures = {
        "im_restore_test_seconds": int(begun.timestamp()),
        "im_restore_test_rpo_seconds": report["rpo_seconds"],
        "im_restore_test_rto_seconds": report["rto_seconds"],
    }
    replace(metrics / "im-restore-test.prom", "".join(f"{name} {value}\n" for name, value in figures.items()))


def replace(file: Path, text: str) -> None:
    """At once: whoever reads it gets all of it."""
    new = file.with_suffix(".new")
    new.write_text(text)
    new.chmod(0o644)
    new.rename(file)
