"""Time: chrony keeps the clocks together. Certificates, elections and message times depend on it."""

from pydantic import Field

from components.component import Component
from components.model import Settings
from components.plan import EVERY_ROLE, HostPlan
from components.resources import File, Health, ServiceState, Unit
from components.text import render

CONFIG = "/etc/chrony/chrony.conf"
OPTIONS = "/etc/default/chrony"
DROP_IN = "/etc/systemd/system/chrony.service.d/im.conf"
SYNCHRONISED = "chronyc -n waitsync 12 1 0 5"


class TimeSettings(Settings):
    """Time synchronisation."""

    servers: tuple[str, ...] = Field(
        ("0.debian.pool.ntp.org", "1.debian.pool.ntp.org", "2.debian.pool.ntp.org", "3.debian.pool.ntp.org"),
        min_length=1,
        description="NTP servers, the site's own where there are some",
    )
    adjust_clock: bool = Field(
        True, description="false in containers: the clock belongs to their machine, so chrony only watches it"
    )


class Time(Component):
    """A client only: chrony opens no port to anybody."""

    name = "time"
    roles = EVERY_ROLE

    def service(self, host: HostPlan) -> ServiceState:
        own = self.plan.settings.time
        files = {
            CONFIG: File(content=render("time/chrony.conf.j2", settings=own)),
            OPTIONS: File(content=render("time/default.j2", settings=own)),
        }
        if not own.adjust_clock:
            files[DROP_IN] = File(content=render("time/container.conf.j2"))
        answers = "chronyc -n tracking >/dev/null"
        return ServiceState(
            packages={"chrony": ""},
            files=files,
            units={"chrony.service": Unit(restart_on=tuple(files))},
            healthy=Health(command=SYNCHRONISED if own.adjust_clock else answers, seconds=90),
        )
