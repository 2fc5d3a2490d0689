"""Looks at every declared item of a host at once: one line each, in one form for what is declared and what is there."""

import hashlib
import shlex
from collections.abc import Iterable

from benchmarks.items import SHELL, Service

SCRIPT = """\
probe() {{
    export LC_ALL=C
    stat --format='%n %a %U %G %F' -- {paths}
    sha256sum -- {files}
    dpkg-query --show --showformat='${{Package}} ${{db:Status-Status}}\\n' -- {packages}
    getent passwd {users} | cut -d: -f1,6,7
    getent group {users} | cut -d: -f1
    systemctl show --property=Id,ActiveState,UnitFileState -- {units} | paste -d ' ' - - - - | sed 's/ *$//'
}}
"""


def script(services: Iterable[Service]) -> str:
    """A function for /bin/sh, `probe`, that prints what `lines` says when all is as declared."""
    all_services = tuple(services)
    directories = [item.path for service in all_services for item in service.directories]
    files = [item.path for service in all_services for item in service.files]
    return SCRIPT.format(
        paths=shlex.join([*directories, *files]),
        files=shlex.join(files),
        packages=shlex.join([package for service in all_services for package in service.packages]),
        users=shlex.join([service.name for service in all_services]),
        units=shlex.join([service.unit for service in all_services]),
    )


def lines(services: Iterable[Service]) -> list[str]:
    """What `probe` prints on a host that is as declared; one line for each item, two for a file or a user."""
    found: list[str] = []
    for service in services:
        found += [f"{item.path} {item.mode} {item.owner} {item.group} directory" for item in service.directories]
        found += [f"{item.path} {item.mode} {item.owner} {item.group} regular file" for item in service.files]
        found += [f"{digest(item.content)}  {item.path}" for item in service.files]
        found += [f"{package} installed" for package in service.packages]
        found += [f"{service.name}:{service.home}:{SHELL}", service.name]
        found += [f"Id={service.unit} ActiveState=active UnitFileState=enabled"]
    return sorted(found)


def digest(text: str) -> str:
    """As sha256sum prints it."""
    return hashlib.sha256(text.encode()).hexdigest()
