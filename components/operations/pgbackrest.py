"""pgBackRest: backups of PostgreSQL and its log, from which any moment can be restored.

The first host of `operations` keeps the repository and starts the backups. It fetches them over pgBackRest's own TLS
protocol, with certificates on both sides. Which member is read is decided each time: a replica when Patroni has one,
else the primary. Members send each finished piece of the log by themselves (`components/data_stores/archiving.py`).
What leaves a member is encrypted.
"""

from typing import TYPE_CHECKING

from pydantic import Field

from components.component import Component
from components.data_stores.archiving import STANZA
from components.model import Settings
from components.network.flows import Flow
from components.operations import pgbackrest_schedule, restore_program
from components.operations.backups import PASSWORD, REPOSITORY, key, repository
from components.plan import HostPlan
from components.resources import Directory, File, Health, ServiceState, Step, Unit
from components.text import render

if TYPE_CHECKING:
    from components.settings import DeploymentSettings

PORT = 8432
FOLDER = "/etc/pgbackrest"
CONFIG, CIPHER = f"{FOLDER}/pgbackrest.conf", f"{FOLDER}/conf.d/cipher.conf"
CA, CERTIFICATE, KEY = f"{FOLDER}/ca.pem", f"{FOLDER}/certificate.pem", f"{FOLDER}/key.pem"
TLS = {"sslrootcert": CA, "sslcert": CERTIFICATE, "sslkey": KEY}
SERVER = "pgbackrest.service"
FILL_SECONDS = 6 * 3_600
"""The repository of a large deployment takes its time."""


class PgBackRestSettings(Settings):
    """When, how much and for how long. Times are written as systemd does (systemd.time(7))."""

    full_at: str = Field("Sun *-*-* 01:10:00", description="when everything is copied")
    incremental_at: str = Field("*-*-* 04/6:40:00", description="when that is copied that changed since")
    keep_full: int = Field(4, ge=1, le=1_000, description="full backups kept, with what builds on them")
    archive_seconds: int = Field(
        20, ge=5, le=3_600, description="the log leaves a member after so long, even when little was written"
    )
    archive_queue_megabytes: int = Field(
        8_192,
        ge=64,
        description="while the repository is away a member keeps so much of its log for it; then it gives it up",
    )
    processes: int = Field(2, ge=1, le=64, description="copying at once")


class PgBackRest(Component):
    """The members, and the repository."""

    name = "pgbackrest"
    roles = ("database", "operations")
    holds_data = True
    passwords = (PASSWORD,)

    @classmethod
    def is_chosen(cls, settings: "DeploymentSettings") -> bool:
        return settings.backups.enabled

    def declared(self, host: HostPlan) -> ServiceState | None:
        """Further hosts of operations have no part in it."""
        takes_part = "database" in host.roles or host == repository(self.plan.settings)
        return super().declared(host) if takes_part else None

    def service(self, host: HostPlan) -> ServiceState:
        """A member only answers. The repository's host comes last and makes the repository."""
        leaf, settings = self.plan.certificates.leaf(host, self.name), self.plan.settings
        listens = bool(peers(settings, host))
        keeps = host == repository(settings)
        return ServiceState(
            packages={"pgbackrest": "", **({"postgresql-client-15": ""} if keeps else {})},
            directories={
                FOLDER: Directory(),
                f"{FOLDER}/conf.d": Directory(),
                **({REPOSITORY: Directory(mode="0750", owner="postgres", group="postgres")} if keeps else {}),
            },
            files={**files(settings, host), **pgbackrest_schedule.files(settings, host, TLS)},
            values={"ca": self.plan.certificates.ca, "certificate": leaf.certificate},
            secrets={"key": leaf.key, "cipher": key(self.plan, self.name)},
            units={
                SERVER: Unit(running=listens, enabled=listens, reload_on=(CONFIG, CA, CERTIFICATE, KEY)),
                **pgbackrest_schedule.timers(settings, host),
            },
            steps={"repository": stanza(settings)} if keeps else {},
            healthy=Health(command=healthy(keeps=keeps), seconds=30),
        )

    @classmethod
    def flows(cls, settings: "DeploymentSettings") -> tuple[Flow, ...]:
        """The log comes from the members, backups are fetched."""
        return (
            Flow("pgbackrest log", ("database",), ("operations",), (PORT,)),
            Flow("pgbackrest backups", ("operations",), ("database",), (PORT,)),
        )


def peers(settings: "DeploymentSettings", host: HostPlan) -> list[HostPlan]:
    """Who may connect to `host`: the repository to a member, members to the repository."""
    keeper, members = repository(settings), settings.hosts_of("database")
    others = [*(members if host == keeper else ()), *((keeper,) if host in members else ())]
    return [other for other in dict.fromkeys(others) if other != host]


def files(settings: "DeploymentSettings", host: HostPlan) -> dict[str, File]:
    """What pgBackRest reads."""
    return {
        CONFIG: File(content=configuration(settings, host)),
        CIPHER: File(content=render("pgbackrest/cipher.conf.j2"), mode="0600", owner="postgres", group="postgres"),
        CA: File(content="${value:ca}\n"),
        CERTIFICATE: File(content="${value:certificate}\n"),
        KEY: File(content="${secret:key}\n", mode="0600", owner="postgres", group="postgres"),
    }


def configuration(settings: "DeploymentSettings", host: HostPlan) -> str:
    """Of a member, of the repository's host, or of one that is both. A member is its own first cluster."""
    keeper, members = repository(settings), settings.hosts_of("database")
    own = [host] if host in members else []
    return render(
        "pgbackrest/pgbackrest.conf.j2",
        host=host,
        keeper=keeper,
        members=own + [member for member in members if host == keeper and member != host],
        peers=peers(settings, host),
        settings=settings.pgbackrest,
        stanza=STANZA,
        data=settings.postgresql.data_directory,
        repository=REPOSITORY,
        port=PORT,
        ca=CA,
        certificate=CERTIFICATE,
        key=KEY,
    )


def as_postgres(command: str) -> str:
    """pgBackRest, run by the user that owns database and repository."""
    return f"cd / && runuser -u postgres -- pgbackrest {command}"


def stanza(settings: "DeploymentSettings") -> Step:
    """The repository for this cluster, on a new machine with what was offsite; making it again changes nothing."""
    known = as_postgres(f"info --stanza={STANZA} --output=json") + ' | grep -q \'"code":[02],"message"\''
    create, check = (as_postgres(f"--stanza={STANZA} {each}") for each in ("stanza-create", "check"))
    # Members send what has waited as soon as there is a stanza, and making one would want the lock that they hold.
    made = [f"{{ {known} || {{ {create}; }}; }}", check]  # the last sends a piece of the log all the way
    if restore_program.is_possible(settings):
        made.insert(0, restore_program.fill(pgbackrest_schedule.connection(settings, TLS)))
    return Step(read=f"{known} && echo made || echo missing", want="made", act=" && ".join(made), seconds=FILL_SECONDS)


def healthy(*, keeps: bool) -> str:
    """Members are not asked for what only the repository's host, which comes after them, makes possible."""
    return as_postgres("info >/dev/null") if keeps else f"systemctl is-active --quiet {SERVER}"
