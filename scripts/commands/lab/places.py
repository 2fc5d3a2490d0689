"""Where the lab keeps what it makes: everything under `.lab/` of the checkout."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def short_hash(*words: str) -> str:
    return hashlib.sha256("\0".join(words).encode()).hexdigest()[:8]


@dataclass(frozen=True)
class Shared:
    """What all labs of this checkout use: the base root file system, the package mirror and its cache."""

    root: Path = ROOT

    @property
    def folder(self) -> Path:
        return self.root / ".lab" / "@shared"  # no stack can have this name

    @property
    def base(self) -> Path:
        return self.folder / "base"

    @property
    def mirror(self) -> Path:
        return self.folder / "mirror"

    @property
    def in_use(self) -> bool:
        """Whether this checkout has any lab, also one that is being made."""
        return any(self.root.glob(".lab/[!@]*/passphrase"))

    def lock(self, name: str) -> Path:
        return self.folder / "locks" / name


@dataclass(frozen=True)
class Places:
    """The files of one lab, and the names it uses in the kernel; neither collide with another stack or checkout."""

    stack: str
    root: Path = ROOT

    @property
    def shared(self) -> Shared:
        return Shared(self.root)

    @property
    def folder(self) -> Path:
        return self.root / ".lab" / self.stack

    @property
    def hosts(self) -> Path:
        return self.folder / "hosts"

    @property
    def record(self) -> Path:
        return self.folder / "lab.json"

    @property
    def ssh(self) -> Path:
        return self.folder / "ssh"

    @property
    def passphrase(self) -> Path:
        return self.folder / "passphrase"

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def stacks(self) -> Path:
        return self.folder / "stacks"

    @property
    def processes(self) -> Path:
        return self.folder / "processes"

    @property
    def namespace(self) -> str:
        return f"lab-{self.stack}-{short_hash(str(self.root))}"

    @property
    def namespace_file(self) -> Path:
        return Path("/run/netns") / self.namespace

    def machine(self, host: str) -> str:
        """Unique on this machine and short: the bridge port `vb-<machine>` must fit in 15 characters."""
        return f"lab{short_hash(str(self.root), self.stack, host)}"

    def bridge_port(self, host: str) -> str:
        return f"vb-{self.machine(host)}"

    def cgroup(self, host: str) -> Path:
        unified = Path("/sys/fs/cgroup/unified")
        return (unified if unified.is_dir() else Path("/sys/fs/cgroup")) / self.namespace / self.machine(host)
