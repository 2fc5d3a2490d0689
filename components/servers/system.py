"""The base system: names of all hosts, a journal that survives, kernel settings for many connections."""

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address

from pydantic import Field

from components.component import Component
from components.model import Settings
from components.plan import EVERY_ROLE, HostPlan
from components.resources import File, Health, ServiceState, Step, Unit
from components.text import render

HOSTS = "/etc/hosts"
JOURNAL = "/etc/systemd/journald.conf.d/00-im.conf"
SYSCTL = "/etc/sysctl.d/60-im.conf"
LIMITS = "/etc/security/limits.d/60-im.conf"

NETWORK: Mapping[str, str] = {
    "net.core.somaxconn": "8192",
    "net.ipv4.conf.all.accept_redirects": "0",
    "net.ipv4.conf.all.accept_source_route": "0",
    "net.ipv4.conf.all.rp_filter": "2",
    "net.ipv4.conf.all.send_redirects": "0",
    "net.ipv4.ip_local_port_range": "32768 65535",
    "net.ipv4.tcp_keepalive_time": "600",
    "net.ipv4.tcp_max_syn_backlog": "8192",
    "net.ipv4.tcp_syncookies": "1",
    "net.ipv4.tcp_tw_reuse": "1",
    "net.ipv6.conf.all.accept_redirects": "0",
    "net.ipv6.conf.all.accept_source_route": "0",
}
KERNEL: Mapping[str, str] = {
    "fs.file-max": "1048576",
    "fs.inotify.max_user_watches": "1048576",
    "fs.protected_hardlinks": "1",
    "fs.protected_symlinks": "1",
    "kernel.dmesg_restrict": "1",
    "kernel.kptr_restrict": "1",
    "vm.overcommit_memory": "1",
    "vm.swappiness": "10",
}
"""Redis needs overcommit_memory to save while it serves (its administration manual)."""


class SystemSettings(Settings):
    """The base system."""

    sizes = {"medium": {"journal_max_mb": 4_000}, "large": {"journal_max_mb": 8_000}}

    host_kernel: bool = Field(
        True, description="false in containers: they share their machine's kernel, only network settings are theirs"
    )
    journal_max_mb: int = Field(1_000, ge=50, description="the most room that the journal takes")
    journal_days: int = Field(30, ge=1, description="how long the journal is kept")
    extra_hosts: dict[IPv4Address | IPv6Address, tuple[str, ...]] = Field(
        default_factory=dict, description="more lines of /etc/hosts: an address and its names"
    )


class System(Component):
    """Owns /etc/hosts: clusters look up each other's names, and a name that does not resolve costs them seconds."""

    name = "system"
    roles = EVERY_ROLE

    def service(self, host: HostPlan) -> ServiceState:
        settings = self.plan.settings
        kernel = {**NETWORK, **(KERNEL if settings.system.host_kernel else {})}
        return ServiceState(
            packages={"procps": ""},
            files={
                HOSTS: File(content=render("system/hosts.j2", hosts=settings.plans, settings=settings.system)),
                JOURNAL: File(content=render("system/journald.conf.j2", settings=settings.system)),
                SYSCTL: File(content=render("system/sysctl.conf.j2", kernel=kernel)),
                LIMITS: File(content=render("system/limits.conf.j2")),
            },
            units={"systemd-journald.service": Unit(restart_on=(JOURNAL,), enabled=False)},
            steps={"kernel settings": kernel_settings(kernel), "own name": own_name(host)},
            healthy=Health(command=f"getent hosts {host.name} >/dev/null && journalctl --flush", seconds=15),
        )


def kernel_settings(kernel: Mapping[str, str]) -> Step:
    """Reads every value back: systemd-sysctl succeeds even where the machine refuses one."""
    names = " ".join(sorted(kernel))
    return Step(
        read=f'for name in {names}; do echo "$name = $(sysctl -n $name 2>&1 | tr "\\t" " ")"; done',
        want="".join(f"{name} = {kernel[name]}\n" for name in sorted(kernel)),
        act=f"sysctl -q -e -p {SYSCTL}",
        when="before_start",
    )


def own_name(host: HostPlan) -> Step:
    """The machine's own name must resolve. We do not rename a machine."""
    advice = f"im:system.extra_hosts: {{{host.address}: [NAME]}}"
    return Step(
        read='getent hosts "$(hostname)" >/dev/null && echo resolves || echo unknown',
        want="resolves",
        act=f'echo "the machine calls itself $(hostname), which nothing resolves; set {advice}" >&2; exit 1',
        when="before_start",
    )
