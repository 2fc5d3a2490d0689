"""Regular files without ever following a symbolic link: what is there, and taking a place in one step."""

from __future__ import annotations

import contextlib
import errno
import grp
import os
import pwd
import stat
from collections.abc import Iterator
from dataclasses import dataclass

from .errors import AgentError

LARGEST_SHOWN = 1024 * 1024
FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True)
class Found:
    """What is at a path. `kind`: file, directory, absent, symlink (also of a folder above it) or other."""

    kind: str
    mode: int = 0
    uid: int = 0
    gid: int = 0
    size: int = 0
    target: str = ""

    def describe(self) -> str:
        """For an operator, in parentheses."""
        if self.kind == "symlink":
            return f"(symbolic link: {self.target})"
        return "(directory)" if self.kind == "directory" else "(special file)"


@contextlib.contextmanager
def parent(path: str, *, create: bool = False) -> Iterator[tuple[int, str]]:
    """The folder of `path`, opened component by component, and the last name of the path.

    Raises FileNotFoundError when a folder is missing and AgentError when one is a symbolic link. `create` makes
    missing ones (0755, root).
    """
    *folders, name = path.strip("/").split("/")
    opened = os.open("/", FOLDER)
    try:
        for depth, folder in enumerate(folders):
            if create:
                with contextlib.suppress(FileExistsError):
                    os.mkdir(folder, 0o755, dir_fd=opened)
            below = _open_folder(opened, folder, "/" + "/".join(folders[: depth + 1]))
            os.close(opened)
            opened = below
        yield opened, name
    finally:
        os.close(opened)


def _open_folder(above: int, name: str, path: str) -> int:
    try:
        return os.open(name, FOLDER, dir_fd=above)
    except OSError as error:
        if error.errno not in (errno.ELOOP, errno.ENOTDIR):
            raise
        found = _stat(os.lstat(name, dir_fd=above), above, name)
        raise LinkError(path, found.target) from None


class LinkError(AgentError):
    """A folder on the way is no folder."""

    def __init__(self, path: str, target: str) -> None:
        what = f"a symbolic link to {target}" if target else "not a directory"
        super().__init__(f"{path} is {what}; managed paths do not follow links, so declare the path it leads to")
        self.path, self.target = path, target


def look(path: str) -> Found:
    """What is at `path`."""
    try:
        with parent(path) as (folder, name):
            return _stat(os.lstat(name, dir_fd=folder), folder, name)
    except FileNotFoundError:
        return Found("absent")
    except LinkError as error:
        return Found("symlink", target=f"{error.path} to {error.target}" if error.target else error.path)


def _stat(status: os.stat_result, folder: int, name: str) -> Found:
    kinds = ((stat.S_ISREG, "file"), (stat.S_ISDIR, "directory"), (stat.S_ISLNK, "symlink"))
    kind = next((kind for test, kind in kinds if test(status.st_mode)), "other")
    target = os.readlink(name, dir_fd=folder) if kind == "symlink" else ""
    return Found(kind, stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid, status.st_size, target)


def read(path: str) -> bytes:
    """The content of a regular file."""
    with parent(path) as (folder, name):
        descriptor = open_unnoticed(name, os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK, folder)
    with os.fdopen(descriptor, "rb") as file:
        return file.read()


def open_unnoticed(path: str | os.PathLike[str], flags: int, folder: int | None = None) -> int:
    """Opens for reading; the time of last access stays, unless the file system does not let us keep it."""
    with contextlib.suppress(PermissionError):
        return os.open(path, os.O_RDONLY | os.O_NOATIME | flags, dir_fd=folder)
    return os.open(path, os.O_RDONLY | flags, dir_fd=folder)


def staged(path: str) -> str:
    """Where a file waits until it takes its place: beside it, on the same file system."""
    folder, _, name = path.rpartition("/")
    return f"{folder}/.{name}.onprem"


def stage(path: str, content: bytes, mode: int, uid: int, gid: int) -> None:
    """Writes the staged file, its mode and owner before its content."""
    refuse_link(path)
    with parent(staged(path), create=True) as (folder, name):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name, dir_fd=folder)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open(name, flags, 0o600, dir_fd=folder), "wb") as file:
            os.fchown(file.fileno(), uid, gid)
            os.fchmod(file.fileno(), mode)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())


def refuse_link(path: str) -> None:
    """Raises unless `path` is a regular file or nothing."""
    found = look(path)
    if found.kind not in ("file", "absent"):
        raise AgentError(f"{path} is no regular file {found.describe()}; remove it, or declare the path it leads to")


def place(path: str) -> None:
    """The staged file takes its place."""
    with parent(path) as (folder, name):
        os.rename(f".{name}.onprem", name, src_dir_fd=folder, dst_dir_fd=folder)
        os.fsync(folder)


def write(path: str, content: bytes, mode: int, uid: int, gid: int) -> None:
    """Stages and places."""
    stage(path, content, mode, uid, gid)
    place(path)


def remove(path: str) -> None:
    """Removes a file if it is there."""
    with contextlib.suppress(FileNotFoundError), parent(path) as (folder, name):
        os.unlink(name, dir_fd=folder)
        os.fsync(folder)


def make_folder(path: str, mode: int, uid: int, gid: int) -> None:
    """Makes a directory, or gives the one that is there its mode and owner."""
    with parent(path, create=True) as (folder, name):
        with contextlib.suppress(FileExistsError):
            os.mkdir(name, 0o700, dir_fd=folder)
        opened = _open_folder(folder, name, path)
        try:
            os.fchown(opened, uid, gid)
            os.fchmod(opened, mode)
        finally:
            os.close(opened)


def remove_empty_folder(path: str) -> bool:
    """Removes a directory unless it holds something; whether it is gone."""
    try:
        with parent(path) as (folder, name):
            os.rmdir(name, dir_fd=folder)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def missing_folders(path: str) -> list[str]:
    """The folders above `path` that are not there, outermost first."""
    parts = path.strip("/").split("/")[:-1]
    above = ["/" + "/".join(parts[: depth + 1]) for depth in range(len(parts))]
    return [folder for folder in above if look(folder).kind == "absent"]


def uid_of(owner: str) -> int:
    """The number of a user; numbers stand for themselves."""
    try:
        return int(owner) if owner.isdigit() else pwd.getpwnam(owner).pw_uid
    except KeyError:
        raise AgentError(f"there is no user {owner}; declare it under users, or the package that brings it") from None


def gid_of(group: str) -> int:
    """The number of a group; numbers stand for themselves."""
    try:
        return int(group) if group.isdigit() else grp.getgrnam(group).gr_gid
    except KeyError:
        raise AgentError(f"there is no group {group}; declare a user with it, or the package that brings it") from None


def owner_name(uid: int) -> str:
    """The name of a user, or its number."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def group_name(gid: int) -> str:
    """The name of a group, or its number."""
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)
