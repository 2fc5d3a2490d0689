# managed by Pulumi; edit components/templates/restore/repository.py
"""pgBackRest's repository in the scratch folder: nothing of the live one is read or written."""

import json
from datetime import datetime
from typing import Any

from . import copies, scratch
from .commands import Done, as_postgres, run, said
from .errors import RestoreError

CONFIG = scratch.FOLDER / "pgbackrest.conf"
OTHER = 99
"""What pgBackRest calls a repository that it cannot make sense of."""
CIPHERS = "/etc/pgbackrest/conf.d"
TEXT = """\
[global]
repo1-path={repository}
repo1-cipher-type=aes-256-cbc
lock-path={folder}/lock
spool-path={folder}/spool
log-level-console=warn
log-level-file=off
archive-async=n
process-max=2

[{stanza}]
pg1-path={data}
"""


def prepare(source: str, stanza: str) -> None:
    """The copy of `source`, made readable to pgBackRest."""
    repository = f"{scratch.COPY}{source}"
    text = TEXT.format(repository=repository, folder=scratch.FOLDER, stanza=stanza, data=scratch.DATA)
    CONFIG.write_text(text)
    run(["chown", "-R", "postgres:postgres", str(scratch.FOLDER)])


def chosen(stanza: str, to: "datetime | None") -> dict[str, Any]:
    """The newest good backup, of those whose facts are not younger than `to`: `label`, `facts`, `size`."""
    found = info(stanza)
    if not found[0]["backup"]:
        raise RestoreError(f"the copy has no backup: {found[0]['status']['message']}")
    return newest(found[0]["backup"], to)


def info(stanza: str) -> list[dict[str, Any]]:
    """With another key what it finds looks like anything, and it quotes that."""
    answer = pgbackrest(stanza, "info", "--output=json")
    if answer.returncode:
        raise RestoreError(f"pgBackRest cannot read the copy's repository: {said(answer)}")
    try:
        found: list[dict[str, Any]] = json.loads(answer.stdout)
    except ValueError:
        found = []
    if not found or found[0]["status"]["code"] == OTHER:
        raise RestoreError("pgBackRest cannot read the copy's repository: it has another key, or is damaged")
    return found


def newest(backups: list[dict[str, Any]], to: "datetime | None") -> dict[str, Any]:
    counted = [each for each in backups if not each["error"] and "facts" in (each.get("annotation") or {})]
    fitting = [each for each in counted if to is None or copies.when(facts(each)["at"]) <= to]
    if not fitting:
        before = f" that was made before {to.isoformat()}" if to and counted else ""
        raise RestoreError(f"there is no backup with a record of what it has{before}")
    last = fitting[-1]
    return {"label": last["label"], "facts": facts(last), "size": last["info"]["size"]}


def facts(backup: dict[str, Any]) -> dict[str, Any]:
    return dict(json.loads(backup["annotation"]["facts"]))


def last_piece(stanza: str) -> str:
    """The name of the newest piece of the log (24 hexadecimal digits)."""
    return str(info(stanza)[0]["archive"][-1]["max"])


def restore(stanza: str, label: str) -> None:
    answer = pgbackrest(stanza, "restore", f"--set={label}", "--type=default")
    if answer.returncode:
        raise RestoreError(f"backup {label} is damaged: {said(answer)}")


def fetch_command(stanza: str) -> str:
    return f'pgbackrest --config={CONFIG} --config-include-path={CIPHERS} --stanza={stanza} archive-get %f "%p"'


def pgbackrest(stanza: str, command: str, *options: str) -> Done:
    place = [f"--config={CONFIG}", f"--config-include-path={CIPHERS}", f"--stanza={stanza}"]
    return as_postgres(["pgbackrest", *place, *options, command])
