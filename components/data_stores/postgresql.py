"""PostgreSQL under Patroni: the durable store of the IM server. One member or several, one of them the primary."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field

from components.component import Component
from components.data_stores import archiving, etcd
from components.data_stores.patroni import as_yaml, cluster_settings, lines
from components.model import Settings, Size
from components.network.flows import Flow
from components.plan import Endpoint, HostPlan, Role
from components.resources import Directory, File, Health, ServiceState, Step, Unit
from components.text import render

if TYPE_CHECKING:
    from components.settings import DeploymentSettings

PORT = 5432
REST_PORT = 8008
ENDPOINT = Endpoint("127.0.0.1", PORT)
"""Where a consumer finds the primary: on its own loopback, by `haproxy-local`. `sslmode=verify-full` works there."""
CONSUMERS: tuple[Role, ...] = ("im",)

CONFIGURATION = "/etc/patroni/im"
PATRONI, FOUNDING = f"{CONFIGURATION}/patroni.yml", f"{CONFIGURATION}/founding.yml"
PATRONI_PASSWORDS = f"{CONFIGURATION}/passwords.yml"
CREATE_CLUSTER = "/etc/postgresql-common/createcluster.conf"
PASSWORDS = "/etc/postgresql/im.pgpass"
DROP_IN = "/etc/systemd/system/patroni.service.d/im.conf"
TLS = "/etc/postgresql/tls"
CA, CERTIFICATE, KEY = f"{TLS}/ca.pem", f"{TLS}/certificate.pem", f"{TLS}/key.pem"
DATA = "/var/lib/postgresql/15/im"

BEGIN = "/usr/local/lib/im/patroni-begin"
STEADY = "/usr/local/lib/im/patroni-steady"
ORDER = "/usr/local/lib/im/patroni-order"
EXISTING = "/usr/local/lib/im/postgresql-existing"
OBJECT = "/usr/local/lib/im/postgresql-object"
CHECK = "/usr/local/lib/im/postgresql-check"
ARCHIVE_AGAIN = "/usr/local/lib/im/archive-again"
REWIND_FUNCTIONS = (
    "pg_ls_dir(text, boolean, boolean)",
    "pg_stat_file(text, boolean)",
    "pg_read_binary_file(text)",
    "pg_read_binary_file(text, bigint, bigint, boolean)",
)
OURS = {"ssl", "port", "max_connections", "listen_addresses", "unix_socket_directories", "password_encryption", "fsync"}
"""Parameters that a stack file cannot set by name: they belong to a field of their own, or to this component."""


@dataclass(frozen=True)
class Database:
    """A database and the role that owns it. `password` is the name of its password in `plan.passwords`."""

    name: str
    user: str
    password: str
    host: str = ENDPOINT.host
    port: int = ENDPOINT.port


IM_DATABASE = Database("im", "ejabberd", "ejabberd_sql_password")
PACKAGE_DATABASE = Database("package", "package", "package_sql_password")


def not_ours(parameters: dict[str, str | int | float | bool]) -> dict[str, str | int | float | bool]:
    """Free parameters, without those that would undo what this component promises."""
    for name in sorted(OURS & {name.lower() for name in parameters}):
        raise ValueError(f"{name} is not free to set; remove it, im:postgresql or the deployment decides on it")
    return parameters


class PostgreSQLSettings(Settings):
    """Connections and memory. Memory is written as PostgreSQL does: 64MB, 4GB."""

    sizes: ClassVar[Mapping[Size, Mapping[str, Any]]] = {
        "small": {"max_connections": 100, "shared_buffers": "64MB", "effective_cache_size": "256MB"},
        "medium": {"max_connections": 200, "shared_buffers": "2GB", "effective_cache_size": "6GB"},
        "large": {"max_connections": 400, "shared_buffers": "8GB", "effective_cache_size": "24GB"},
    }

    max_connections: int = Field(100, ge=20, le=10_000, description="connections at once; a change restarts PostgreSQL")
    shared_buffers: str = Field("64MB", description="PostgreSQL's own cache; a quarter of the memory is usual")
    effective_cache_size: str = Field("256MB", description="what the planner may expect the system to cache")
    work_mem: str = Field("4MB", description="memory of one sort or hash")
    maintenance_work_mem: str = Field("64MB", description="memory of vacuum and index builds")
    parameters: Annotated[dict[str, str | int | float | bool], AfterValidator(not_ours)] = Field(
        default_factory=dict, description="any other parameters of PostgreSQL, by name"
    )
    data_directory: str = Field(
        DATA,
        pattern=r"^/var/lib/postgresql/15/[a-z][a-z0-9_]*$",
        description="where the data is; that of a cluster of Debian's (…/15/main) is served as it is",
    )
    failover_seconds: int = Field(20, ge=15, le=300, description="a primary that is silent so long loses its place")
    watchdog: Literal["off", "automatic", "required"] = Field(
        "automatic", description="a device that resets a host whose Patroni hangs; required where there is one"
    )


class PostgreSQL(Component):
    """One member on each database host."""

    name = "postgresql"
    roles = ("database",)
    holds_data = True
    needs_restore_test = True
    passwords = (
        "postgresql_replicator_password",
        "postgresql_rewind_password",
        IM_DATABASE.password,
        PACKAGE_DATABASE.password,
    )

    def service(self, host: HostPlan) -> ServiceState:
        """One member. Patroni founds the cluster or copies the primary."""
        leaf, settings = self.plan.certificates.leaf(host, self.name), self.plan.settings
        password = self.plan.passwords.password
        return ServiceState(
            packages={"patroni": "", "postgresql-15": ""},
            directories={
                CONFIGURATION: Directory(mode="0750", group="postgres"),
                TLS: Directory(mode="0750", group="postgres"),
                "/var/lib/postgresql/15": Directory(owner="postgres", group="postgres"),
            },
            files=files(settings, host),
            values={"ca": self.plan.certificates.ca, "certificate": leaf.certificate},
            secrets={
                "key": leaf.key,
                "replicator": password("postgresql_replicator_password"),
                "rewind": password("postgresql_rewind_password"),
                **{database.user: password(database.password) for database in databases(settings)},
            },
            # Patroni's REST interface reads a CA again only together with another certificate of its own.
            units={
                "patroni.service": Unit(
                    reload_on=(PATRONI, FOUNDING, PATRONI_PASSWORDS, CERTIFICATE, KEY), restart_on=(DROP_IN, CA, STEADY)
                ),
                **existing_units(settings.postgresql),
            },
            steps=steps(settings),
            validate={PATRONI: f"{CHECK} {{staged}}", FOUNDING: f"{CHECK} {{staged}}"},
            before_restart=f"{ORDER} hand-over",
            leave=f"{ORDER} hand-over",
            healthy=Health(command=f"{ORDER} healthy", seconds=120),
        )

    @classmethod
    def flows(cls, settings: "DeploymentSettings") -> tuple[Flow, ...]:
        """The members copy from each other; consumers ask Patroni who is primary, then go there.

        Who starts backups asks for replicas, and counts what there is.
        """
        asking = Flow("backup reader", ("operations",), ("database",), (PORT, REST_PORT))
        served = Flow("postgresql", (*CONSUMERS, "database"), ("database",), (PORT, REST_PORT))
        return (served, asking) if settings.backups.enabled else (served,)


def databases(settings: "DeploymentSettings") -> tuple[Database, ...]:
    """The database of the IM adapter that the stack has chosen."""
    return (PACKAGE_DATABASE,) if settings.im.kind == "package" else (IM_DATABASE,)


def files(settings: "DeploymentSettings", host: HostPlan) -> dict[str, File]:
    """What Patroni and the steps read. Parameters that PostgreSQL refuses are found before a file is replaced."""
    shared = as_yaml(shared_settings(settings))
    return {
        CREATE_CLUSTER: File(content=render("postgresql/createcluster.conf.j2"), early=True),
        PATRONI: File(content=patroni(settings, host)),
        FOUNDING: File(content=render("postgresql/founding.yml.j2", dcs=shared)),
        PATRONI_PASSWORDS: File(
            content=render("postgresql/passwords.yml.j2"), mode="0600", owner="postgres", group="postgres"
        ),
        PASSWORDS: File(
            content=render("postgresql/im.pgpass.j2", users=users(settings)),
            mode="0600",
            owner="postgres",
            group="postgres",
        ),
        DROP_IN: File(content=drop_in(settings.postgresql)),
        BEGIN: File(content=render("postgresql/patroni_begin.py"), mode="0755"),
        STEADY: File(content=render("postgresql/patroni_steady.py"), mode="0755"),
        **existing_files(settings.postgresql),
        EXISTING: File(content=render("postgresql/postgresql-existing.sh"), mode="0755", early=True),
        ORDER: File(content=render("postgresql/patroni_order.py"), mode="0755", early=True),
        OBJECT: File(content=render("postgresql/postgresql_object.py"), mode="0755", early=True),
        CHECK: File(content=render("postgresql/postgresql_check.py"), mode="0755", early=True),
        **archive_again(settings),
        CA: File(content="${value:ca}\n"),
        CERTIFICATE: File(content="${value:certificate}\n"),
        KEY: File(content="${secret:key}\n", mode="0600", owner="postgres", group="postgres"),
    }


def shared_settings(settings: "DeploymentSettings") -> dict[str, Any]:
    """What Patroni keeps for all members."""
    return cluster_settings(settings.postgresql, archiving.parameters(settings))


def archive_again(settings: "DeploymentSettings") -> dict[str, File]:
    """What a new primary is told by Patroni, where the log is archived."""
    content = render("postgresql/archive_again.py")
    return {ARCHIVE_AGAIN: File(content=content, mode="0755")} if archiving.keepers(settings) else {}


def drop_in(own: PostgreSQLSettings) -> str:
    """Of Patroni's unit."""
    release = f"{EXISTING} release {own.data_directory}" if existing_cluster(own) else ""
    names = {"configuration": CONFIGURATION, "begin": BEGIN, "order": ORDER, "steady": STEADY}
    return render("postgresql/patroni.service.conf.j2", existing=release, **names)


def users(settings: "DeploymentSettings") -> tuple[str, ...]:
    """Every role that has a password."""
    return ("replicator", "rewind", *(database.user for database in databases(settings)))


def patroni(settings: "DeploymentSettings", host: HostPlan) -> str:
    """Patroni's configuration of one member, without its passwords. Who is about to leave is let in until it has."""
    own = settings.postgresql
    memory = {name: getattr(own, name) for name in PostgreSQLSettings.sizes["small"] if name != "max_connections"}
    parameters = {
        **memory,
        "work_mem": own.work_mem,
        "maintenance_work_mem": own.maintenance_work_mem,
        **own.parameters,
    }
    return render(
        "postgresql/patroni.yml.j2",
        host=host,
        others=[member for member in settings.hosts_of("database", leaving=True) if member != host],
        etcd=[f"{member.address}:{etcd.CLIENT_PORT}" for member in settings.hosts_of(*etcd.Etcd.roles)],
        consumers=settings.hosts_of(*CONSUMERS, leaving=True),
        databases=databases(settings),
        keepers=archiving.keepers(settings),
        reader=archiving.READER,
        archive_again=ARCHIVE_AGAIN,
        parameters=parameters,
        watchdog=own.watchdog,
        port=PORT,
        rest_port=REST_PORT,
        data=own.data_directory,
        ca=CA,
        certificate=CERTIFICATE,
        key=KEY,
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


def existing_cluster(own: PostgreSQLSettings) -> str:
    """`main` when Debian's cluster of that name is served, empty when the data is our own."""
    return "" if own.data_directory == DATA else own.data_directory.rpartition("/")[2]


def existing_files(own: PostgreSQLSettings) -> dict[str, File]:
    """Debian starts its cluster no more."""
    if not (name := existing_cluster(own)):
        return {}
    content = render("postgresql/start.conf.j2")
    return {f"/etc/postgresql/15/{name}/start.conf": File(content=content, owner="postgres", group="postgres")}


def existing_units(own: PostgreSQLSettings) -> dict[str, Unit]:
    """Stopped before Patroni starts, by the step `data`; started again when the change is put back."""
    name = existing_cluster(own)
    return {f"postgresql@15-{name}.service": Unit(running=False, enabled=False)} if name else {}


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
