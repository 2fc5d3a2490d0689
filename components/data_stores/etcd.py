"""etcd: the votes behind PostgreSQL. A majority of its members decides which database host is the primary."""

from typing import TYPE_CHECKING

from pydantic import Field

from components.component import Component
from components.model import Settings
from components.network.flows import Flow
from components.plan import HostPlan
from components.resources import Directory, File, Health, ServiceState, Step, Unit
from components.text import render

if TYPE_CHECKING:
    from components.settings import DeploymentSettings

CLIENT_PORT = 2379
PEER_PORT = 2380

ENVIRONMENT = "/etc/default/etcd"
DROP_IN = "/etc/systemd/system/etcd.service.d/im.conf"
MEMBER = "/usr/local/lib/im/etcd-member"
TLS = "/etc/etcd/tls"
DATA = "/var/lib/etcd"
CA, CERTIFICATE, KEY = f"{TLS}/ca.pem", f"{TLS}/certificate.pem", f"{TLS}/key.pem"


class EtcdSettings(Settings):
    """How long a member may be silent. Both apply to all members alike."""

    heartbeat_milliseconds: int = Field(100, ge=10, le=1_000, description="how often the leader says that it lives")
    election_milliseconds: int = Field(
        1_000, ge=100, le=10_000, description="silence after which another leader is elected; ten heartbeats or more"
    )


class Etcd(Component):
    """One member on each database host and on the witness."""

    name = "etcd"
    roles = ("database", "witness")
    holds_data = True
    needs_restore_test = True
    majority_port = PEER_PORT

    def service(self, host: HostPlan) -> ServiceState:
        """One member. The first of the stack file founds the cluster, the others join it."""
        leaf = self.plan.certificates.leaf(host, self.name)
        return ServiceState(
            packages={"etcd-server": "", "etcd-client": ""},
            directories={
                "/etc/etcd": Directory(),
                TLS: Directory(mode="0750", group="etcd"),
                DATA: Directory(mode="0700", owner="etcd", group="etcd"),
            },
            files={
                ENVIRONMENT: File(content=environment(host, self.plan.hosts_of(*self.roles), self.plan.settings.etcd)),
                DROP_IN: File(content=render("etcd/etcd.service.conf.j2", member=MEMBER)),
                MEMBER: File(content=render("etcd/etcd-member.sh"), mode="0755"),
                CA: File(content="${value:ca}\n"),
                CERTIFICATE: File(content="${value:certificate}\n"),
                KEY: File(content="${secret:key}\n", mode="0600", owner="etcd", group="etcd"),
            },
            values={"ca": self.plan.certificates.ca, "certificate": leaf.certificate},
            secrets={"key": leaf.key},
            # etcd reads a renewed certificate by itself at the next handshake, but not a new CA.
            units={"etcd.service": Unit(restart_on=(ENVIRONMENT, DROP_IN, CA))},
            steps={
                "membership": Step(read=f"{MEMBER} state", want="member", act=f"{MEMBER} join", when="before_start"),
                "no member that is gone": Step(read=f"{MEMBER} strangers", want="none", act=f"{MEMBER} forget"),
            },
            leave=f"{MEMBER} leave",
            healthy=Health(command=f"{MEMBER} healthy"),
        )

    @classmethod
    def flows(cls, settings: "DeploymentSettings") -> tuple[Flow, ...]:
        """Patroni asks any member; the members talk to each other."""
        return (
            Flow("etcd", ("database",), cls.roles, (CLIENT_PORT,)),
            Flow("etcd members", cls.roles, cls.roles, (CLIENT_PORT, PEER_PORT)),
        )


def client_urls(members: tuple[HostPlan, ...]) -> tuple[str, ...]:
    """Where clients reach the members."""
    return tuple(f"https://{member.address}:{CLIENT_PORT}" for member in members)


def environment(host: HostPlan, members: tuple[HostPlan, ...], settings: EtcdSettings) -> str:
    """/etc/default/etcd, read by the unit and by etcd-member."""
    others = tuple(member for member in members if member != host)
    return render(
        "etcd/etcd.j2",
        host=host,
        others=client_urls(others),
        founds=members[0] == host,
        settings=settings,
        client_port=CLIENT_PORT,
        peer_port=PEER_PORT,
        tls=TLS,
    )
