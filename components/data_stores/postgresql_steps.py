"""What is inside PostgreSQL: shared settings, roles and databases."""

from typing import TYPE_CHECKING

from components.data_stores import archiving
from components.data_stores.databases import Database, databases
from components.data_stores.patroni import lines
from components.data_stores.postgresql_files import EXISTING, FOUNDING, OBJECT, ORDER, PATRONI, shared_settings
from components.resources import Step

if TYPE_CHECKING:
    from components.settings import DeploymentSettings

REWIND_FUNCTIONS = (
    "pg_ls_dir(text, boolean, boolean)",
    "pg_stat_file(text, boolean)",
    "pg_read_binary_file(text)",
    "pg_read_binary_file(text, bigint, bigint, boolean)",
)


def steps(settings: "DeploymentSettings") -> dict[str, Step]:
    """The shared settings and none beside them, roles and databases; each is repaired if somebody changes it."""
    data = settings.postgresql.data_directory
    roles = {f"role {database.user}": role(database.user) for database in databases(settings)}
    return {
        "data": Step(
            read=f"{EXISTING} state {data}", want="Patroni's", act=f"{EXISTING} take {data}", when="before_start"
        ),
        "cluster settings": Step(
            read=f"{ORDER} settings",
            want="\n".join(lines(shared_settings(settings))),
            act=f"{ORDER} apply",
            seconds=300,
            restarts="PostgreSQL",
            restarts_on=(PATRONI, FOUNDING),
        ),
        "altered settings": Step(
            read=as_postgres(f"{OBJECT} altered"),
            want="nothing",
            act=as_postgres(f"{OBJECT} reset-altered"),
            after=("cluster settings",),
        ),
        "role replicator": role("replicator", "REPLICATION"),
        "role rewind": role(
            "rewind", then=f"psql -Xqc 'GRANT EXECUTE ON FUNCTION {', '.join(REWIND_FUNCTIONS)} TO rewind'"
        ),
        **roles,
        **{f"database {database.name}": database_step(database) for database in databases(settings)},
        **({f"role {archiving.READER}": reader_step(databases(settings)[0])} if archiving.keepers(settings) else {}),
    }


def as_postgres(command: str) -> str:
    """Run by the user that PostgreSQL lets in as its superuser."""
    return f"cd / && runuser -u postgres -- {command}"


def role(user: str, attribute: str = "NOREPLICATION", then: str = "") -> Step:
    """A role that can log in with its password, and has no more rights than declared."""
    act = as_postgres(f"{OBJECT} set-role {user} {attribute}")
    return Step(
        read=as_postgres(f"{OBJECT} role {user}"),
        want="login works",
        act=f"{act} && {as_postgres(then)}" if then else act,
        after=("cluster settings",),
    )


def reader_step(database: Database) -> Step:
    """Who reads for the backups, and can do nothing else."""
    return Step(
        read=as_postgres(f"{OBJECT} reader {archiving.READER} {database.name}"),
        want="reads everything",
        act=as_postgres(f"{OBJECT} set-reader {archiving.READER} {database.name}"),
        after=(f"database {database.name}",),
    )


def database_step(database: Database) -> Step:
    """A database that belongs to its role, with all that is in it."""
    return Step(
        read=as_postgres(f"{OBJECT} database {database.name} {database.user}"),
        want=f"owned by {database.user}",
        act=as_postgres(f"{OBJECT} set-database {database.name} {database.user}"),
        after=(f"role {database.user}",),
    )
