"""The hosts: their files on top of the base, their start and their end."""

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from commands.lab import network
from commands.lab.access import config
from commands.lab.apt import Sources
from commands.lab.errors import LabError
from commands.lab.inventory import LabHost
from commands.lab.mirror import host_urls
from commands.lab.places import Places
from commands.lab.processes import Background, Process, run, wait_until

BOOT = Path(__file__).with_name("boot-host.sh")
BOOT_SECONDS = 60


@dataclass(frozen=True)
class Machine:
    """One lab host on this machine; `folder` holds what it wrote over the base."""

    places: Places
    host: LabHost

    @property
    def name(self) -> str:
        return self.host.name

    @property
    def folder(self) -> Path:
        return self.places.hosts / self.name

    @property
    def cgroup(self) -> Path:
        return self.places.cgroup(self.name)

    @property
    def program(self) -> Background:
        return Background(self.places.processes, f"host-{self.name}")

    @property
    def declared(self) -> LabHost | None:
        """As it was when its files were made; None before."""
        try:
            return LabHost(**json.loads((self.folder / "host.json").read_text()))
        except FileNotFoundError:
            return None

    def running(self) -> Process | None:
        return self.program.find()

    def make(self, base: Path, public_key: str, sources: Sources) -> None:
        """A half-made host has another name, so it is never booted."""
        partial = self.folder.with_name(f"{self.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        for name in ("upper", "work", "root"):
            (partial / name).mkdir(parents=True)
        for path, text in seed(self.host, public_key, sources).items():
            _write(partial / "upper" / path, text)
        (partial / "upper/root").chmod(0o700)
        (partial / "upper/etc/ssh").mkdir(mode=0o755)
        run(["ssh-keygen", "-q", "-A", "-f", partial / "upper"], doing=f"{self.name}: ssh-keygen")
        if self.host.user != "root":
            _add_user(base, partial, self.host.user, public_key)
        (partial / "host.json").write_text(json.dumps(self.host.as_dict()))
        partial.rename(self.folder)

    def start(self, base: Path) -> None:
        self._end_remains()
        places = self.places
        self.program.start(
            [BOOT, base, self.folder, self.cgroup, places.namespace_file, places.machine(self.name), self.name,
             network.BRIDGE]
        )  # fmt: skip

    def wait(self) -> None:
        """Until a login works and its systemd has started everything, or says it could not."""
        if not wait_until(self._answers, seconds=BOOT_SECONDS):
            raise LabError(f"{self.name}: no login after {BOOT_SECONDS} s; {self.program.last_words()}")
        if not wait_until(lambda: self._state() not in {"initializing", "starting", ""}, seconds=BOOT_SECONDS):
            raise LabError(f"{self.name}: still starting after {BOOT_SECONDS} s; {self.program.last_words()}")
        if self._state() == "degraded":
            print(f"{self.name}: runs, but not all of it: {self._ssh('systemctl --failed --plain --no-legend')}")

    def kill(self) -> None:
        """As when the power goes: every process at once, nothing is told."""
        self._end_remains()

    def remove(self) -> None:
        self._end_remains()
        shutil.rmtree(self.folder, ignore_errors=True)

    def freeze(self, frozen: bool) -> None:
        (self.cgroup / "cgroup.freeze").write_text("1" if frozen else "0")

    def frozen(self) -> bool:
        try:
            return "frozen 1" in (self.cgroup / "cgroup.events").read_text()
        except FileNotFoundError:
            return False

    def _answers(self) -> bool:
        if not self.running():
            raise LabError(f"{self.name}: did not start; {self.program.last_words()}")
        return self._state() != ""

    def _state(self) -> str:
        return self._ssh("systemctl is-system-running")

    def _ssh(self, command: str) -> str:
        login = ["ssh", "-F", str(config(self.places)), "-o", "BatchMode=yes", "-o", "ConnectTimeout=1", self.name]
        return network.attempt(self.places, [*login, command]).strip()

    def _end_remains(self) -> None:
        """All processes of the host, also those whose starter is gone, and their control group."""
        if self.cgroup.is_dir():
            (self.cgroup / "cgroup.kill").write_text("1")
            if not wait_until(self._empty, seconds=10):
                raise LabError(f"{self.name}: processes in {self.cgroup} outlive SIGKILL; look there with ps")
            for folder, _, _ in os.walk(self.cgroup, topdown=False):
                Path(folder).rmdir()
        self.program.stop()

    def _empty(self) -> bool:
        return "populated 0" in (self.cgroup / "cgroup.events").read_text()


def seed(host: LabHost, public_key: str, sources: Sources) -> dict[str, str]:
    """What an installer would have left on the bare machine: name, address, package sources, the first login."""
    urls = host_urls(sources, host.gateways[0])
    return {
        "etc/hostname": f"{host.name}\n",
        "etc/systemd/network/10-host0.network": network_file(host),
        "etc/apt/sources.list": "".join(f"{line}\n" for line in sources.lines(urls)),
        "root/.ssh/authorized_keys": f"{public_key}\n",
    }


def network_file(host: LabHost) -> str:
    gateways = "".join(f"Gateway={gateway}\n" for gateway in host.gateways)
    addresses = "".join(f"\n[Address]\nAddress={address}\n" for address in host.interfaces)
    return f"""\
[Match]
Name=host0

[Network]
{gateways}IPv6AcceptRA=no
IPv6DuplicateAddressDetection=0
{addresses}"""


def _write(path: Path, text: str) -> None:
    """0644 below folders of 0755, whatever the umask: they shadow the base's own."""
    missing = [folder for folder in path.parents if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir()
        folder.chmod(0o700 if folder.name == ".ssh" else 0o755)
    path.write_text(text)
    path.chmod(0o644)


ADD_USER = """\
set -eu
mount -t overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" lab "$2/root"
chroot "$2/root" useradd --create-home --shell /bin/bash "$3"
install -d -m 0700 "$2/root/home/$3/.ssh"
printf '%s\\n' "$4" >"$2/root/home/$3/.ssh/authorized_keys"
printf '%s ALL=(ALL:ALL) NOPASSWD: ALL\\n' "$3" >"$2/root/etc/sudoers.d/lab-$3"
chmod 0440 "$2/root/etc/sudoers.d/lab-$3"
chroot "$2/root" chown -R "$3:" "/home/$3/.ssh"
"""


def _add_user(base: Path, folder: Path, user: str, public_key: str) -> None:
    """A login that is not root, with sudo; in a mount namespace of its own, so the mount ends with the command."""
    argv = ["unshare", "--mount", "--propagation=private", "sh", "-c", ADD_USER, "sh", base, folder, user, public_key]
    run(argv, doing=f"{folder.name}: adding the user {user}")
