# managed by Pulumi; edit components/templates/restore/choice.py
"""Which copy of the repository: each says by its tags what it holds, so that none has to be fetched to be looked at.

`cluster` is PostgreSQL's number of the database, `from` when the oldest backup ended (Unix time), `backup` the newest.
"""

from datetime import UTC, datetime
from typing import Any

from . import copies
from .errors import RestoreError

NEWEST = "newest"
Copy = dict[str, Any]


def choose(place: str, before: "datetime | None" = None, to: str = NEWEST, named: str = NEWEST) -> Copy:
    """The newest with a backup of before `to`; or, in place of the newest, the one that was made by `named`."""
    found = made(place, before, named)
    fitting = [copy for copy in found if to == NEWEST or holds(copy, copies.when(to))]
    if not fitting:
        raise RestoreError(f"{copies.url(place)}: {what_is_missing(before, to, named)}")
    return fitting[-1]


def made(place: str, before: "datetime | None", named: str) -> list[Copy]:
    """The copies of the repository that were made by then, the newest last."""
    last = None if named == NEWEST else copies.when(named)
    return [copy for copy in copies.found(place, copies.SET, before) if last is None or second(copy) <= last]


def what_is_missing(before: "datetime | None", to: str, named: str) -> str:
    """In words, for an error."""
    earlier = f" of before {before.isoformat()}" if before else ""
    by = "" if named == NEWEST else f" that was made by {named}"
    return f"has no copy of {copies.SET}{earlier}{by}" + ("" if to == NEWEST else f" with a backup of before {to}")


def of_cluster(place: str, cluster: str, named: str = NEWEST) -> "Copy | None":
    """The newest of this database."""
    found = [copy for copy in made(place, None, named) if about(copy).get("cluster") == cluster]
    return found[-1] if found else None


def refuse_doubt(place: str, before: "datetime | None", chosen: Copy) -> None:
    """A database that was founded after another one, which was not brought back, may be an empty one of a repair."""
    cluster = about(chosen).get("cluster")
    known = [copy for copy in made(place, before, NEWEST) if about(copy).get("cluster")]
    if cluster and known and about(known[0])["cluster"] != cluster:
        earlier = [copy for copy in known if about(copy)["cluster"] != cluster and second(copy) < second(chosen)]
        named = [f"--copy {stamp(each)} (its database was founded {founded(each)})" for each in (earlier[-1], chosen)]
        either = " or ".join(named)
        raise RestoreError(f"{copies.url(place)}: has copies of two databases; name the one to restore: {either}")


def holds(copy: Copy, moment: datetime) -> bool:
    """Whether it has a backup of before then; one that does not say is taken for one that has."""
    return float(about(copy).get("from", 0)) <= moment.timestamp()


def about(copy: Copy) -> dict[str, str]:
    """What its tags say."""
    return dict(tag.split("=", 1) for tag in copy.get("tags") or () if "=" in tag)


def listed(place: str) -> list[dict[str, str]]:
    """For people: of the copies with the same backups the last, oldest first."""
    last = {tuple(sorted(about(copy).items())): copy for copy in made(place, None, NEWEST)}
    return [row(copy) for copy in sorted(last.values(), key=second)]


def row(copy: Copy) -> dict[str, str]:
    """What is known of it, in words."""
    told = about(copy)
    oldest = f"{datetime.fromtimestamp(float(told['from']), UTC):%Y-%m-%dT%H:%M:%SZ}" if "from" in told else ""
    return {"copy": stamp(copy), "from": oldest, "backup": told.get("backup", ""), "founded": founded(copy)}


def founded(copy: Copy) -> str:
    """PostgreSQL's number of a cluster begins with the time of its founding."""
    told = about(copy)
    known = "cluster" in told
    return f"{datetime.fromtimestamp(int(told['cluster']) >> 32, UTC):%Y-%m-%dT%H:%M:%SZ}" if known else ""


def second(copy: Copy) -> datetime:
    return copies.when(copy["time"])


def stamp(copy: Copy) -> str:
    return f"{second(copy).astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
