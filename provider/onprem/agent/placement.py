"""The stages that bring packages, users, directories and files to the host."""

from __future__ import annotations

import shlex

from . import accounts, distribution, files, units
from .before import FileBefore, put_back_file
from .change import Change
from .declaration import Directory, File
from .errors import AgentError


def early_files(change: Change) -> None:
    """Those that a package reads while it is installed; without one to install they are like the others."""
    if not distribution.missing(change.commands, change.declared.packages):
        return
    for file in change.declared.files.values():
        if file.early and differs(change, file):
            change.stage(f"writing {file.path}")
            change.log.file(file.path)
            _stage(change, file)
            _place(change, file.path)


def packages(change: Change) -> None:
    """Those that are missing, or there in another version."""
    wanted = distribution.missing(change.commands, change.declared.packages)
    if not wanted:
        return
    change.stage(f"installing {', '.join(wanted)}")
    present = distribution.installed(change.commands, wanted)
    for name in wanted:
        if name not in present:
            change.log.added("package", name)
    change.upgraded = bool(present)
    distribution.install(change.commands, change.log, wanted)
    change.notes.append(f"installed {', '.join(wanted)}")


def users(change: Change) -> None:
    """Accounts that are missing or differ."""
    for user in change.declared.users.values():
        found = accounts.look(user)
        if found == user:
            continue
        change.stage(f"user {user.name}")
        if found is None:
            change.log.added("user", user.name)
            accounts.make(change.commands, user)
        else:
            accounts.change(change.commands, user, found)


def directories(change: Change) -> None:
    """Outer ones before those in them."""
    for directory in sorted(change.declared.directories.values(), key=lambda directory: directory.path):
        if not directory_matches(directory):
            change.stage(f"directory {directory.path}")
            change.log.directory(directory.path)
            uid, gid = files.uid_of(directory.owner), files.gid_of(directory.group)
            files.make_folder(directory.path, directory.mode, uid, gid)


def place_files(change: Change) -> None:
    """Stages what differs, validates it, and lets it take its place.

    Files without a validator take theirs first: what is validated may refer to them. A refusal puts all back.
    """
    waiting = [file for file in change.declared.files.values() if differs(change, file)]
    for file in waiting:
        change.stage(f"staging {file.path}")
        change.log.file(file.path)
        _stage(change, file)
    for file in sorted(waiting, key=lambda file: file.path in change.declared.validate):
        _validate(change, file.path)
        _place(change, file.path)
    _remove_gone(change)
    if units.defines_units(change.changed):
        units.daemon_reload(change.commands)


def differs(change: Change, file: File) -> bool:
    """Whether the host has another file at that path, or none."""
    found = files.look(file.path)
    if found.kind != "file":
        return True
    if (found.mode, files.owner_name(found.uid), files.group_name(found.gid)) != (file.mode, file.owner, file.group):
        return True
    content = change.declared.content(file)
    return found.size != len(content) or files.read(file.path) != content


def directory_matches(directory: Directory) -> bool:
    """Whether the host has that directory, its mode and owner."""
    found = files.look(directory.path)
    owner, group = files.owner_name(found.uid), files.group_name(found.gid)
    return (found.kind, found.mode, owner, group) == ("directory", directory.mode, directory.owner, directory.group)


def _stage(change: Change, file: File) -> None:
    uid, gid = files.uid_of(file.owner), files.gid_of(file.group)
    files.stage(file.path, change.declared.content(file), file.mode, uid, gid)


def _place(change: Change, path: str) -> None:
    files.place(path)
    change.changed.add(path)


def _validate(change: Change, path: str) -> None:
    template = change.declared.validate.get(path)
    if template is None:
        return
    change.stage(f"validating {path}")
    command = change.declared.command(template, f"validate of {path}")
    output = change.commands.shell(command.replace("{staged}", shlex.quote(files.staged(path))))
    if not output.succeeded:
        cause = output.cause().replace(files.staged(path), path)
        raise AgentError(f'{path} is refused by "{template.replace("{staged}", path)}": {cause}')


def _remove_gone(change: Change) -> None:
    """Files that are declared no longer are as they were before us."""
    before = change.manifest.before.files if change.manifest else {}
    for path in change.gone_files:
        change.stage(f"putting back {path}")
        change.log.file(path)
        originals = change.store.originals(change.declared.service)
        if put_back_file(path, before.get(path, FileBefore("absent")), originals):
            change.changed.add(path)
