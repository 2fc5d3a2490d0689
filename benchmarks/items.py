"""What every tool is told to bring about on a host: ten services of twenty items, from this one definition."""

from collections.abc import Mapping
from dataclasses import dataclass

SERVICES = 10
CONFIGS = 10
LINES = 60
SHELL = "/usr/sbin/nologin"
PACKAGES = (
    ("bc", "bzip2"),
    ("cpio", "dc"),
    ("dos2unix", "ed"),
    ("figlet", "jq"),
    ("less", "lsof"),
    ("netcat-openbsd", "patch"),
    ("psmisc", "pv"),
    ("python3-apt", "socat"),  # Ansible needs python3-apt to look at packages
    ("strace", "time"),
    ("tree", "zip"),
)
"""Small, without services of their own; two for each service."""


@dataclass(frozen=True)
class Directory:
    """`mode` as `stat` prints it."""

    path: str
    mode: str
    owner: str
    group: str


@dataclass(frozen=True)
class File:
    """A regular file with its whole content."""

    path: str
    content: str
    mode: str
    owner: str
    group: str


@dataclass(frozen=True)
class Service:
    """Twenty items: 2 packages, a user with its group, 4 directories, 12 files, a unit that `files[0]` reloads."""

    name: str
    packages: tuple[str, str]
    directories: tuple[Directory, ...]
    files: tuple[File, ...]

    @property
    def home(self) -> str:
        return f"/var/lib/{self.name}"

    @property
    def unit(self) -> str:
        return f"{self.name}.service"

    @property
    def reloaded_by(self) -> File:
        return self.files[0]

    @property
    def unit_file(self) -> File:
        return self.files[-1]


Declared = Mapping[str, tuple[Service, ...]]
"""The services of each host."""


def services(count: int = SERVICES, revision: int = 0) -> tuple[Service, ...]:
    """`revision` is one line in one file of the first service."""
    return tuple(_service(number, revision if number == 0 else 0) for number in range(count))


def _service(number: int, revision: int) -> Service:
    name = f"bench-{number:02}"
    return Service(name, PACKAGES[number], _directories(name), _files(name, revision))


def _directories(name: str) -> tuple[Directory, ...]:
    return (
        Directory(f"/etc/{name}", "755", "root", "root"),
        Directory(f"/etc/{name}/conf.d", "750", "root", name),
        Directory(f"/var/lib/{name}", "750", name, name),
        Directory(f"/var/log/{name}", "700", name, name),
    )


def _files(name: str, revision: int) -> tuple[File, ...]:
    access = (("644", "root", "root"), ("640", "root", name), ("600", name, name))
    configs = (
        File(f"/etc/{name}/conf.d/{number:02}.conf", _config(f"{name}.{number}"), *access[number % len(access)])
        for number in range(CONFIGS)
    )
    main = File(f"/etc/{name}/main.conf", f"revision = {revision}\n{_config(name)}", "640", "root", name)
    unit = File(f"/etc/systemd/system/{name}.service", UNIT.format(name=name), "644", "root", "root")
    return (main, *configs, unit)


def _config(name: str) -> str:
    """About two kilobytes, as the configuration of a real service has."""
    return "".join(f"{name}.setting_{number:02} = value {number * number}\n" for number in range(LINES))


UNIT = """\
[Unit]
Description=Part of the benchmark: {name}

[Service]
User={name}
ExecStart=/bin/sleep infinity
ExecReload=/bin/true

[Install]
WantedBy=multi-user.target
"""
