"""Bacula: for a site that saves everything with it. Clients for the same files, and what its director has to know.

It comes beside pgBackRest and restic, not in their place: it takes the files, dumps and repository that they have. A
client hands over what it reads as it is: whoever has the director's volumes can read all but the repository.
"""

from typing import TYPE_CHECKING

import pulumi
from pydantic import Field

from components.component import Component
from components.model import Settings
from components.network.flows import Flow
from components.operations import restic
from components.operations.backups import PASSWORD, REPOSITORY, SAVED, STATES, TRUST, key, repository
from components.plan import HostPlan, Plan
from components.resources import Directory, File, Health, ServiceState, Unit
from components.text import render

if TYPE_CHECKING:
    from components.settings import DeploymentSettings

PORT = 9102
CONFIG = "/etc/bacula/bacula-fd.conf"
FOLDER = "/etc/bacula/im"
LOGIN = f"{FOLDER}/password.conf"
CERTIFICATE, KEY = f"{FOLDER}/certificate.pem", f"{FOLDER}/key.pem"
JOBS, CA = f"{FOLDER}/director.conf", f"{FOLDER}/ca.pem"
"""What the director includes, and whom it trusts: to be taken there."""
UNIT = "bacula-fd.service"


class BaculaSettings(Settings):
    """The site's director. It has to reach the hosts from the administrators' networks."""

    director: str = Field("", pattern=r"^[A-Za-z0-9._-]*$", description="its name; without one there is no Bacula")
    job_defaults: str = Field(
        "DefaultJob", pattern=r"^[A-Za-z0-9 ._-]+$", description="its JobDefs, which name schedule, storage and pool"
    )


class Bacula(Component):
    """A client on each host that has something to save."""

    name = "bacula"
    roles = SAVED
    passwords = (PASSWORD,)

    @classmethod
    def is_chosen(cls, settings: "DeploymentSettings") -> bool:
        return settings.backups.enabled and bool(settings.bacula.director)

    def service(self, host: HostPlan) -> ServiceState:
        """The client. The first host of operations also has what the director includes."""
        leaf, settings = self.plan.certificates.leaf(host, self.name), self.plan.settings
        keeps = host == repository(settings)
        told = settings.hosts_of(*SAVED) if keeps else [host]
        return ServiceState(
            packages={"bacula-fd": "", TRUST: "", "iproute2": ""},
            directories={FOLDER: Directory(mode="0700")},
            files={**files(settings, host), **(for_director(settings) if keeps else {})},
            values={"certificate": leaf.certificate, **({"ca": self.plan.certificates.ca} if keeps else {})},
            secrets={"key": leaf.key, **{f"password_of_{each.name}": password(self.plan, each) for each in told}},
            units={UNIT: Unit(restart_on=(CONFIG, LOGIN, CERTIFICATE, KEY))},
            healthy=Health(command=f"ss -Hltn sport = :{PORT} | grep -q .", seconds=20),
        )

    @classmethod
    def flows(cls, settings: "DeploymentSettings") -> tuple[Flow, ...]:
        """The director opens the connections."""
        return (Flow("bacula", ("administrators",), SAVED, (PORT,)),)


def password(plan: Plan, host: HostPlan) -> pulumi.Output[str]:
    """With which the director logs in to the client of `host`."""
    return key(plan, f"bacula/{host.name}")


def files(settings: "DeploymentSettings", host: HostPlan) -> dict[str, File]:
    """What the client reads."""
    text = render(
        "bacula/bacula-fd.conf.j2",
        host=host,
        own=settings.bacula,
        port=PORT,
        login=LOGIN,
        certificate=CERTIFICATE,
        key=KEY,
    )
    return {
        CONFIG: File(content=text),
        LOGIN: File(content=render("bacula/password.conf.j2", host=host), mode="0600"),
        CERTIFICATE: File(content="${value:certificate}\n"),
        KEY: File(content="${secret:key}\n", mode="0600"),
    }


def for_director(settings: "DeploymentSettings") -> dict[str, File]:
    """Client, FileSet and Job of each host, and the CA of their certificates."""
    sets = [(host, paths(settings, host)) for host in settings.hosts_of(*SAVED)]
    content = render("bacula/director.conf.j2", sets=sets, unfinished=restic.UNFINISHED, own=settings.bacula, port=PORT)
    return {JOBS: File(content=content, mode="0600"), CA: File(content="${value:ca}\n")}


def paths(settings: "DeploymentSettings", host: HostPlan) -> list[str]:
    """The files that restic saves, the dumps it has made of what has none, Pulumi's states, and the repository."""
    kept = [STATES, REPOSITORY] if host == repository(settings) else []
    return [*restic.paths(settings, host), restic.DUMPS, *kept]
