"""PostgreSQL under Patroni: the durable store of the IM server. One member or several, one of them the primary."""

from typing import TYPE_CHECKING

from components.component import Component
from components.data_stores.databases import CONSUMERS, IM_DATABASE, PACKAGE_DATABASE, PORT, REST_PORT, databases
from components.data_stores.postgresql_files import (
    CA,
    CERTIFICATE,
    CHECK,
    CONFIGURATION,
    DROP_IN,
    FOUNDING,
    KEY,
    ORDER,
    PATRONI,
    PATRONI_PASSWORDS,
    STEADY,
    TLS,
    files,
)
from components.data_stores.postgresql_settings import PostgreSQLSettings, existing_cluster
from components.data_stores.postgresql_steps import steps
from components.network.flows import Flow
from components.plan import HostPlan
from components.resources import Directory, Health, ServiceState, Unit

if TYPE_CHECKING:
    from components.settings import DeploymentSettings


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


def existing_units(own: PostgreSQLSettings) -> dict[str, Unit]:
    """Stopped before Patroni starts, by the step `data`; started again when the change is put back."""
    name = existing_cluster(own)
    return {f"postgresql@15-{name}.service": Unit(running=False, enabled=False)} if name else {}
