"""The files of a member of PostgreSQL: what Patroni, the steps and the backups read."""

from typing import TYPE_CHECKING, Any

from components.data_stores import archiving, etcd
from components.data_stores.databases import CONSUMERS, PORT, REST_PORT, databases
from components.data_stores.patroni import as_yaml, cluster_settings
from components.data_stores.postgresql_settings import PostgreSQLSettings, existing_cluster
from components.plan import HostPlan
from components.resources import File
from components.text import render

if TYPE_CHECKING:
    from components.settings import DeploymentSettings

CONFIGURATION = "/etc/patroni/im"
PATRONI, FOUNDING = f"{CONFIGURATION}/patroni.yml", f"{CONFIGURATION}/founding.yml"
PATRONI_PASSWORDS = f"{CONFIGURATION}/passwords.yml"
CREATE_CLUSTER = "/etc/postgresql-common/createcluster.conf"
PASSWORDS = "/etc/postgresql/im.pgpass"
DROP_IN = "/etc/systemd/system/patroni.service.d/im.conf"
TLS = "/etc/postgresql/tls"
CA, CERTIFICATE, KEY = f"{TLS}/ca.pem", f"{TLS}/certificate.pem", f"{TLS}/key.pem"
BEGIN = "/usr/local/lib/im/patroni-begin"
STEADY = "/usr/local/lib/im/patroni-steady"
ORDER = "/usr/local/lib/im/patroni-order"
EXISTING = "/usr/local/lib/im/postgresql-existing"
OBJECT = "/usr/local/lib/im/postgresql-object"
CHECK = "/usr/local/lib/im/postgresql-check"
ARCHIVE_AGAIN = "/usr/local/lib/im/archive-again"


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


def existing_files(own: PostgreSQLSettings) -> dict[str, File]:
    """Debian starts its cluster no more."""
    if not (name := existing_cluster(own)):
        return {}
    content = render("postgresql/start.conf.j2")
    return {f"/etc/postgresql/15/{name}/start.conf": File(content=content, owner="postgres", group="postgres")}
