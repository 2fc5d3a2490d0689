"""The root file system under every lab host: what a bare Debian server has, made once and never written again."""

from pathlib import Path

from commands.lab.apt import RELEASE, Sources
from commands.lab.places import Shared, short_hash
from commands.lab.processes import only_one, remove_tree, run

# sshd, Python 3, and what makes a machine of it; everything else is the product's to install.
PACKAGES = (
    "systemd", "systemd-sysv", "dbus", "openssh-server", "sudo", "iproute2", "python3", "ca-certificates", "procps",
)  # fmt: skip
# mmdebstrap copies this machine's name and resolver; host keys must differ from host to host.
FINISH = (
    'cd "$1"/etc && rm -f resolv.conf hostname ssh/ssh_host_* dpkg/dpkg.cfg.d/99mmdebstrap && '
    'chroot "$1" systemctl --quiet enable systemd-networkd.service'
)

# Killed at any moment, it leaves neither a mount nor a process.
ALONE = ("setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")


def ensure(shared: Shared, sources: Sources) -> Path:
    """The folder of the base, which is complete when it has its name."""
    base = shared.base / short_hash(RELEASE, FINISH, *PACKAGES)
    with only_one(shared.lock("base")):
        if not base.is_dir():
            print(f"base: making the hosts' root file system, Debian {RELEASE}", flush=True)
            _make(base, sources)
    return base


def _make(base: Path, sources: Sources) -> None:
    partial = base.with_suffix(".partial")
    remove_tree(partial)
    partial.parent.mkdir(parents=True, exist_ok=True)
    options = ["--quiet", "--mode=root", "--variant=minbase", f"--include={','.join(PACKAGES)}"]
    options += ["--dpkgopt=force-unsafe-io", f"--customize-hook={FINISH}"]
    options += [f"--aptopt={option}" for option in sources.options]
    run([*ALONE, "mmdebstrap", *options, RELEASE, str(partial), *sources.lines(sources.urls)], doing="mmdebstrap")
    partial.rename(base)
