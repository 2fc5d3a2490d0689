"""The end of a transaction: what replaced what is kept for Delete, the manifest is written, the log is dropped."""

from __future__ import annotations

from collections.abc import Collection

from . import manifest
from .before import Before, DirectoryBefore, FileBefore, as_declared, digest, drop_backups, keep_backups
from .change import Change
from .declaration import Declaration
from .manifest import Manifest
from .store import Store, make_private, write_private
from .undo_log import Logged, UndoLog, stayed

PENDING = "pending.json"


def prepare(change: Change) -> None:
    """Writes beside the log what the manifest will be, so that whoever finishes needs no secret."""
    fresh = _manifest(change)
    if not change.log.begun:
        if change.manifest != fresh:
            make_private(change.store.service(change.declared.service))
            write_private(change.store.manifest(change.declared.service), fresh.encode())
        return
    write_private(change.log.folder / PENDING, fresh.encode())


def finish(store: Store, service: str) -> None:
    """Makes a prepared transaction final. Killed in the middle it is undone, and the manifest with it."""
    log = UndoLog(store.transaction(service))
    pending = manifest.read(log.folder / PENDING)
    if pending is None:
        return
    originals = make_private(store.originals(service))
    keep_backups(pending.before.files, log.folder, originals)
    log.resume()
    log.file(str(store.manifest(service)))
    write_private(store.manifest(service), pending.encode())
    log.drop()
    drop_backups(pending.before.files, originals)


def _manifest(change: Change) -> Manifest:
    old = change.manifest or Manifest({})
    logged = Logged(change.log.folder)
    left = stayed(change.store.service(change.declared.service))
    declared = manifest.without_secrets(change.declared.raw)
    before = Before(
        {path: _file_before(change, path, old, logged) for path in change.declared.files},
        {
            **shared_folders(change.store, change.declared.service, change.declared.files),
            **logged.before.directories,
            **old.before.directories,
        },
        {
            unit: old.before.units.get(unit, state.before)
            for unit, state in change.states.items()
            if unit in change.declared.units
        },
    )
    return Manifest(
        declared,
        before,
        sorted({*old.packages, *left["packages"], *logged.packages}),
        sorted({*old.users, *left["users"], *logged.users}),
        _secret_digests(change.declared),
    )


def _secret_digests(declared: Declaration) -> dict[str, str]:
    service, secrets = declared.service, declared.names.secrets
    return {name: manifest.secret_digest(service, name, value) for name, value in secrets.items()}


def shared_folders(store: Store, service: str, paths: Collection[str]) -> dict[str, DirectoryBefore]:
    """The folders of `paths` that another service made: Delete removes them with the last file, whosever it is."""
    others = [manifest.load(store, name) for name in store.services() if name != service]
    return {
        path: before
        for other in others
        if other is not None
        for path, before in other.before.directories.items()
        if not before.existed and any(file.startswith(f"{path}/") for file in paths)
    }


def _file_before(change: Change, path: str, old: Manifest, logged: Logged) -> FileBefore:
    """What Delete will put back. A file that was adopted as declared counts as replaced once we really replace it."""
    known, replaced = old.before.files.get(path), logged.before.files.get(path)
    if known is not None and known.state != "as_declared":
        return known
    content = change.declared.content(change.declared.files[path])
    if replaced is None:
        return known or as_declared(path, content)
    if known is not None and known.digest == digest(content):
        return known
    return replaced
