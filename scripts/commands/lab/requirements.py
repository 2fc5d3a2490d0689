"""What the lab needs of this machine: root, Debian, and a few packages it installs itself."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from commands.lab.errors import LabError
from commands.lab.processes import run

PACKAGES = {
    "systemd-nspawn": "systemd-container",
    "mmdebstrap": "mmdebstrap",
    "nft": "nftables",
    "socat": "socat",
    "nginx": "nginx-light",
    "ip": "iproute2",
    "ssh": "openssh-client",
    "nsenter": "util-linux",
}
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
INOTIFY = Path("/proc/sys/fs/inotify/max_user_instances")
INOTIFY_INSTANCES = 1024
POLICY = Path("/usr/sbin/policy-rc.d")


def unmet() -> str | None:
    """Why no lab can be made here, or None."""
    if os.geteuid() != 0:
        return "the lab needs root, for network namespaces and mounts; run it again with sudo"
    system = _os_release()
    if system.get("ID") != "debian":
        found = system.get("PRETTY_NAME", "an unknown system")
        return f"the lab needs Debian, because its hosts use this machine's package mirror; this is {found}"
    return None


def ensure() -> None:
    """Installs missing packages, saying so; a machine that cannot have a lab is an error."""
    os.environ["PATH"] = f"{os.environ.get('PATH', '')}:{PATH}"  # sbin is not in every login's path
    reason = unmet()
    if reason:
        raise LabError(reason)
    missing = sorted({package for tool, package in PACKAGES.items() if not shutil.which(tool)})
    if missing:
        print(f"lab: installing {' '.join(missing)}", flush=True)
        _install(missing)
    _raise_limit()


def _raise_limit() -> None:
    """Each host's systemd watches files; the kernel's own limit is reached with some fifteen hosts on one machine."""
    if int(INOTIFY.read_text()) < INOTIFY_INSTANCES:
        with contextlib.suppress(OSError):  # a container may not; its machine may have set more already
            INOTIFY.write_text(str(INOTIFY_INSTANCES))


def _os_release() -> dict[str, str]:
    with contextlib.suppress(FileNotFoundError):
        lines = Path("/etc/os-release").read_text().splitlines()
        return {key: value.strip('"') for key, _, value in (line.partition("=") for line in lines)}
    return {}


def _install(packages: list[str]) -> None:
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with _services_stay_off():
        run(["apt-get", "update", "-qq"], doing="apt-get update", env=env)
        run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages], doing="apt-get install", env=env)


@contextlib.contextmanager
def _services_stay_off() -> Iterator[None]:
    """nginx's package would start a server on port 80 of this machine."""
    if POLICY.exists():
        yield
        return
    POLICY.write_text("#!/bin/sh\nexit 101\n")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink(missing_ok=True)
