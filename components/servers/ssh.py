"""sshd: keys only, modern algorithms, open to the administrators' networks."""

from typing import TYPE_CHECKING

from pydantic import Field

from components.component import Component
from components.model import Settings
from components.network.flows import Flow
from components.plan import EVERY_ROLE, HostPlan
from components.resources import File, Health, ServiceState, Step, Unit
from components.servers.administrators import KEYS
from components.servers.reader import ACCOUNT, COMMAND, KEYS_COMMAND, Reader
from components.text import render

if TYPE_CHECKING:
    from components.settings import DeploymentSettings

CONFIG = "/etc/ssh/sshd_config.d/00-im.conf"
OBEYS = "/usr/local/lib/im/sshd-obeys"


class SSHSettings(Settings):
    """sshd."""

    forwarding: bool = Field(
        False, description="let administrators forward ports, for a jump host or to reach an administration page"
    )
    idle_minutes: int = Field(10, ge=1, le=240, description="a silent connection whose client is gone is closed then")


class SSH(Component):
    """A drop-in that is read first, so that it wins over the distribution's file."""

    name = "ssh"
    roles = EVERY_ROLE

    def service(self, host: HostPlan) -> ServiceState:
        settings = self.plan.settings
        return ServiceState(
            packages={"openssh-server": ""},
            files={
                CONFIG: File(content=drop_in(settings.ssh, reads=Reader.is_chosen(settings)), mode="0600"),
                OBEYS: File(content=render("ssh/sshd-obeys.sh"), mode="0755"),
            },
            values={"administrators": ",".join(str(network) for network in settings.administrators.networks)},
            units={"ssh.service": Unit(reload_on=(CONFIG,))},
            steps={"sshd obeys": obeys()},
            validate={CONFIG: "sshd -t -f {staged}"},
            healthy=Health(command="systemctl is-active --quiet ssh.service", seconds=15),
            confirm=True,
        )

    @classmethod
    def flows(cls, settings: "DeploymentSettings") -> tuple[Flow, ...]:
        ports = tuple(sorted({host.port for host in settings.hosts.values()}))
        return (Flow("ssh", ("administrators",), EVERY_ROLE, ports),)


def obeys() -> Step:
    """Somebody else's file cannot be repaired, so it is only named; the change is put back."""
    others = f"grep -l . /etc/ssh/sshd_config /etc/ssh/sshd_config.d/*.conf | grep -vx {CONFIG} | paste -s -d ' '"
    sentence = f'echo "sshd does not do what {CONFIG} says; take out of other files what it sets: $({others})"'
    return Step(read=f"{OBEYS} {CONFIG}", want="as declared", act=f"{sentence} >&2; exit 1")


def drop_in(settings: SSHSettings, *, reads: bool) -> str:
    """The file; `reads` is whether there is a reader's login."""
    reader = {"account": ACCOUNT, "command": COMMAND, "keys_command": KEYS_COMMAND} if reads else {}
    return render("ssh/00-im.conf.j2", settings=settings, keys=KEYS, reader=reader)
