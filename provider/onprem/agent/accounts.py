"""Local accounts without a password, by the shadow tools that every distribution has."""

from __future__ import annotations

import grp
import pwd

from .commands import Commands
from .declaration import User
from .errors import AgentError

FIRST_REGULAR = 1000
NO_HOME = "/nonexistent"


def look(user: User) -> User | None:
    """The account as it is, of its groups those that are declared; None when there is none."""
    try:
        entry = pwd.getpwnam(user.name)
    except KeyError:
        return None
    groups = tuple(group for group in user.groups if is_member(entry, group))
    return User(user.name, entry.pw_uid < FIRST_REGULAR, entry.pw_dir, entry.pw_shell, groups)


def is_member(entry: pwd.struct_passwd, group: str) -> bool:
    """Whether an account is in a group, by its own or by the group's entry."""
    try:
        found = grp.getgrnam(group)
    except KeyError:
        return False
    return entry.pw_name in found.gr_mem or entry.pw_gid == found.gr_gid


def make(commands: Commands, user: User) -> None:
    """Adds the account, with a group of its own name."""
    _refuse_missing_groups(user)
    argv = ["useradd", "--home-dir", user.home, "--shell", user.shell, "--password", "*"]
    argv += ["--system"] if user.system else []
    argv += ["--no-create-home"] if user.system or user.home == NO_HOME else ["--create-home"]
    argv += ["--gid", user.name] if _group_exists(user.name) else ["--user-group"]
    argv += ["--groups", ",".join(user.groups)] if user.groups else []
    commands.must([*argv, "--", user.name])


def change(commands: Commands, user: User, found: User) -> None:
    """Home, shell and groups as declared. Whether it is a system account cannot change."""
    _refuse_missing_groups(user)
    if user.system != found.system:
        kinds = {True: "a system account", False: "a regular account"}
        raise AgentError(f"user {user.name} is {kinds[found.system]}, declared is {kinds[user.system]}")
    argv = ["usermod", "--home", user.home, "--shell", user.shell]
    argv += ["--append", "--groups", ",".join(user.groups)] if user.groups else []
    commands.must([*argv, user.name])


def _refuse_missing_groups(user: User) -> None:
    absent = [group for group in user.groups if not _group_exists(group)]
    if absent:
        raise AgentError(f"user {user.name}: there is no group {', '.join(absent)}")


def _group_exists(name: str) -> bool:
    try:
        grp.getgrnam(name)
    except KeyError:
        return False
    return True
