"""The transaction: an ordered list of stages, a commit at its end, everything put back when a stage fails."""

from __future__ import annotations

from . import activation, commit, confirmation, login, placement, steps, units
from .change import Change
from .errors import AgentError
from .undo import Undo, Undone
from .undo_log import Logged

STAGES = (
    activation.look,
    placement.early_files,
    placement.packages,
    placement.users,
    placement.directories,
    placement.place_files,
    steps.before_start,
    activation.before_restart,
    activation.run_units,
    activation.healthy,
    steps.once_healthy,
)


def run(change: Change) -> str | None:
    """All stages, and the commit. When one fails everything is put back.

    A change that is to be confirmed is committed by its confirmation: the token of that is returned.
    """
    steps.in_order(change.declared.steps)
    if change.declared.confirm:
        login.refuse_lockout(change.commands, change.declared.names.values.get("administrators", ""))
        change.log.on_begin = lambda: confirmation.arm(change.store, change.commands, change.declared)
    try:
        for stage in STAGES:
            stage(change)
        commit.prepare(change)
        return _end(change)
    except BaseException as error:
        raise roll_back(change, error) from error


def _end(change: Change) -> str | None:
    if not change.log.begun:
        return None
    if change.declared.confirm:
        return confirmation.extend(change.store)
    commit.finish(change.store, change.declared.service)
    return None


def roll_back(change: Change, error: BaseException) -> AgentError:
    """Puts everything back; the error to answer."""
    commands = change.commands.unstoppable()
    unit = getattr(error, "unit", "")
    journal = units.journal(commands, unit, change.began) if unit else []
    logged = Logged(change.log.folder)
    undone = Undo(commands, logged.before, logged.acted, change.log.folder).run()
    if not undone.failed:
        change.log.abandon()
    if change.declared.confirm:
        confirmation.disarm(change.store, commands)
    sentence = f"{change.declared.service}: {_cause(error)}; {outcome(undone, logged)}"
    return AgentError(sentence, rolled_back=undone.put_back, stayed=logged.stayed(), journal=journal)


def _cause(error: BaseException) -> str:
    if isinstance(error, AgentError):
        return str(error)
    if isinstance(error, OSError):
        return f"{error.filename or 'the host'}: {error.strerror or error}"
    return f"the agent failed: {error!r}"


def outcome(undone: Undone, logged: Logged) -> str:
    """What the operator finds on the host now."""
    if undone.failed:
        return f"not all could be put back: {' / '.join(undone.failed)}"
    if not undone.put_back:
        return "no file or unit was changed"
    has_files = any(what.startswith("/") for what in undone.put_back)
    said = ["the previous files are back" if has_files else "all is as before"]
    touched = [unit for unit in undone.running if unit in logged.acted]
    said += [f"and {', '.join(touched)} {'is' if len(touched) == 1 else 'are'} running"] if touched else []
    said += [f"but {', '.join(undone.down)} does not run"] if undone.down else []
    return " ".join(said)
