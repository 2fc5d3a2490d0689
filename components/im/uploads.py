"""Uploads: a copy of each uploaded file on every other IM host, so that it outlives the host that took it.

ejabberd keeps a slot in the memory of the host that made it, so an upload goes to that host (its name is in the URL). A
file is whole in a moment and never changes, so copying it afterwards is enough: lsyncd sees it and sends it with rsync
within about a second. A file that was taken in the last second before a host dies is lost with it.

Both programs are Debian's. Each host owns its files and sends them one way; a copy serves while its owner is down, and
is where an owner without any file gets its own back from. rsync goes through stunnel, with certificates on both sides.
Shared file systems were not chosen: they make the hosts depend on each other for every upload.
"""

from typing import TYPE_CHECKING, Any

from components.component import Component
from components.im.ejabberd_files import REPLICAS, UPLOADS
from components.model import Settings
from components.network.flows import Flow
from components.plan import HostPlan
from components.resources import Directory, File, Health, ServiceState, Unit
from components.text import render

if TYPE_CHECKING:
    from components.settings import DeploymentSettings

PORT = 8730
FOLDER = "/etc/im-uploads"
SENDING, RECEIVING, MODULES = f"{FOLDER}/lsyncd.lua", f"{FOLDER}/stunnel.conf", f"{FOLDER}/rsyncd.conf"
CA, CERTIFICATE, KEY = f"{FOLDER}/ca.pem", f"{FOLDER}/certificate.pem", f"{FOLDER}/key.pem"
RSYNC = "/usr/local/lib/im/uploads-rsync"
RESTORE = "/usr/local/lib/im/uploads-restore"
UNITS = ("im-uploads-send.service", "im-uploads-receive.service")


class UploadsSettings(Settings):
    """Copies of uploaded files. There is nothing to set."""


class Uploads(Component):
    """Sends the own files to the other IM hosts, and takes theirs."""

    name = "uploads"
    roles = ("im",)
    holds_data = True

    @classmethod
    def is_chosen(cls, settings: "DeploymentSettings") -> bool:
        """With ejabberd on several hosts."""
        return settings.im.kind == "ejabberd" and len(settings.members_of("im")) > 1

    def service(self, host: HostPlan) -> ServiceState:
        """One IM host."""
        settings, leaf = self.plan.settings, self.plan.certificates.leaf(host, self.name)
        senders = settings.hosts_of(*self.roles, leaving=True)
        paths = {name: f"/etc/systemd/system/{name}" for name in UNITS}
        return ServiceState(
            packages={"lsyncd": "", "rsync": "", "stunnel4": "", "openssl": ""},
            directories={
                FOLDER: Directory(),
                **{
                    f"{REPLICAS}/{sender.name}": Directory(mode="0700", owner="ejabberd", group="ejabberd")
                    for sender in senders
                    if sender != host
                },
            },
            files=files(host, self.plan.hosts_of(*self.roles), senders),
            values={"ca": self.plan.certificates.ca, "certificate": leaf.certificate},
            secrets={"key": leaf.key},
            units={
                UNITS[0]: Unit(restart_on=(SENDING, RSYNC, paths[UNITS[0]])),
                UNITS[1]: Unit(restart_on=(RECEIVING, CA, CERTIFICATE, KEY, paths[UNITS[1]])),
            },
            # Through the own port, as the others come.
            healthy=Health(
                command=f"systemctl is-active --quiet {' '.join(UNITS)} && "
                f"runuser -u ejabberd -- timeout 5 {RSYNC} {host.name}:: >/dev/null",
                seconds=20,
            ),
        )

    @classmethod
    def flows(cls, settings: "DeploymentSettings") -> tuple[Flow, ...]:
        """From each IM host to the others."""
        return (Flow("uploads", cls.roles, cls.roles, (PORT,)),)


def files(host: HostPlan, members: tuple[HostPlan, ...], senders: tuple[HostPlan, ...]) -> dict[str, File]:
    """What lsyncd, stunnel and rsync read, and the key that is shown to the others.

    `senders` are the members and those that are about to leave: what these took last is still on its way.
    """
    names: dict[str, Any] = {
        "ca": CA,
        "certificate": CERTIFICATE,
        "host": host,
        "key": KEY,
        "modules": MODULES,
        "others": [member for member in members if member != host],
        "port": PORT,
        "receiving": RECEIVING,
        "replicas": REPLICAS,
        "restore": RESTORE,
        "rsync": RSYNC,
        "senders": senders,
        "sending": SENDING,
        "uploads": UPLOADS,
    }

    def text(name: str, mode: str = "0644") -> File:
        return File(content=render(f"uploads/{name}.j2", **names), mode=mode)

    return {
        SENDING: text("lsyncd.lua"),
        RECEIVING: text("stunnel.conf"),
        MODULES: text("rsyncd.conf"),
        RSYNC: text("uploads-rsync", "0755"),
        RESTORE: text("uploads-restore", "0755"),
        **{f"/etc/systemd/system/{name}": text(name) for name in UNITS},
        CA: File(content="${value:ca}\n"),
        CERTIFICATE: File(content="${value:certificate}\n"),
        KEY: File(content="${secret:key}\n", mode="0600", owner="ejabberd", group="ejabberd"),
    }
