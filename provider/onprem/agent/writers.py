"""What may be asked of the agent that changes the host: one function per request, as provider/README.md lists them."""

from __future__ import annotations

from typing import Any

from . import confirmation, distribution, lock, manifest, removal, transaction
from .change import Change
from .commands import Commands
from .declaration import Declaration, parse
from .errors import AgentError
from .operations import Call, live
from .store import Store
from .undo import Undo
from .undo_log import Logged, UndoLog


def apply(call: Call) -> dict[str, Any]:
    """The transaction."""
    distribution.refuse_unsupported()
    declared = call.declared
    with confirmation.writing(call.store, call.commands):
        notes = undo_unfinished(call.store, call.commands)
        removal.forget(call.store, declared)
        change = _change(call, declared)
        token = transaction.run(change)
    notes += change.notes + _left_behind(change)
    return {"live": live(call, with_steps=True, printed=change.printed), "notes": notes, "token": token}


def _change(call: Call, declared: Declaration) -> Change:
    known = manifest.load(call.store, call.service)
    previous = parse(call.service, known.declared if known else {})
    log = UndoLog(call.store.transaction(call.service))
    return Change(call.store, call.commands, call.scrubber, declared, previous, known, log)


def _left_behind(change: Change) -> list[str]:
    """What is declared no longer and stays all the same."""
    kinds = (
        ("package", change.previous.packages, change.declared.packages),
        ("user", change.previous.users, change.declared.users),
        ("directory", change.previous.directories, change.declared.directories),
    )
    left = [f"{kind} {name}" for kind, old, new in kinds for name in old if name not in new]
    return [f"{what} is declared no longer and stays" for what in left]


def undo_unfinished(store: Store, commands: Commands) -> list[str]:
    """Puts back what a killed agent left half done, whatever service it was for; says so."""
    return [_undo_unfinished(store, commands, service) for service in store.unfinished()]


def _undo_unfinished(store: Store, commands: Commands, service: str) -> str:
    folder = store.transaction(service)
    logged = Logged(folder)
    undone = Undo(commands.unstoppable(), logged.before, logged.acted, folder).run()
    if undone.failed:
        raise AgentError(f"{service}: an earlier change was cut off and cannot be undone: {' / '.join(undone.failed)}")
    UndoLog(folder).abandon()
    return f"an earlier change of {service} was cut off ({logged.stage or 'as it began'}) and was undone first"


def confirm(call: Call) -> dict[str, Any]:
    """The change stays."""
    with lock.writing(call.store, call.commands):
        confirmation.confirm(call.store, call.commands, call.service, str(call.request.get("token")))
    return {}


def delete(call: Call) -> dict[str, Any]:
    """The host as it was before us."""
    with confirmation.writing(call.store, call.commands):
        undo_unfinished(call.store, call.commands)
        return removal.Removal(call.store, call.commands, call.declared).run()


def prefetch(call: Call) -> dict[str, Any]:
    """Downloads packages that later changes install."""
    distribution.refuse_unsupported()
    with confirmation.writing(call.store, call.commands):
        return {"downloaded": distribution.prefetch(call.commands, call.request.get("packages") or [])}
