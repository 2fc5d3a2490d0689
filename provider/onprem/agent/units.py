"""systemd: how units are, what must happen to them, their journal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from .before import UnitBefore
from .commands import Commands
from .errors import AgentError

FOLDERS = tuple(f"{root}/systemd/{kind}/" for root in ("/etc", "/run", "/usr/lib") for kind in ("system", "user"))
ON = frozenset({"enabled", "enabled-runtime"})
OFF = frozenset({"disabled", "masked", "masked-runtime", "linked", "linked-runtime", "not-found", ""})
SHOWN = ("Id", "LoadState", "ActiveState", "CanReload")
SECONDS = 300
JOURNAL_LINES = 20


@dataclass(frozen=True)
class State:
    """A unit as it is. `idle`: it neither runs nor is about to. `enabled` is the word of `systemctl is-enabled`."""

    unit: str
    exists: bool
    active: bool
    idle: bool
    enabled: str
    can_reload: bool

    @property
    def before(self) -> UnitBefore:
        return UnitBefore(self.active, self.enabled)

    def is_enabled(self, wanted: bool) -> bool:
        """Whether it starts at boot; one that cannot be enabled or disabled (static, generated) is as `wanted`."""
        return self.enabled in ON if self.enabled in ON | OFF else wanted


def state(commands: Commands, unit: str) -> State:
    """How `unit` is; an alias stands for the unit it names."""
    return states(commands, [unit])[unit]


def states(commands: Commands, names: Sequence[str]) -> dict[str, State]:
    """How units are, with two programs started for all of them."""
    shown = commands.must(["systemctl", "show", "--property", ",".join(SHOWN), "--", *names])
    found = [dict(line.partition("=")[::2] for line in block.splitlines()) for block in shown.strip("\n").split("\n\n")]
    if len(found) != len(names):
        raise AgentError(f"systemd told of {len(found)} units when asked for {', '.join(names)}")
    ids = [properties.get("Id") or name for name, properties in zip(names, found)]  # noqa: B905 - Python 3.9
    words = _enabled(commands, ids)
    return {name: _state(name, *each) for name, each in zip(names, zip(found, words))}  # noqa: B905


def _enabled(commands: Commands, names: Sequence[str]) -> list[str]:
    """What `systemctl is-enabled` says of each. Of an unknown one it says nothing: then each is asked for."""
    lines = _is_enabled(commands, names)
    if len(lines) == len(names):
        return lines
    return ["".join(_is_enabled(commands, [name])[:1]) for name in names]


def _is_enabled(commands: Commands, names: Sequence[str]) -> list[str]:
    return [line.strip() for line in commands.run(["systemctl", "is-enabled", "--", *names]).out.splitlines()]


def _state(unit: str, found: Mapping[str, str], enabled: str) -> State:
    return State(
        unit,
        found.get("LoadState") != "not-found" or enabled not in ("", "not-found"),
        found.get("ActiveState") in ("active", "reloading", "refreshing"),
        found.get("ActiveState") in ("inactive", "failed"),
        enabled or "not-found",
        found.get("CanReload") == "yes",
    )


def defines_units(paths: Iterable[str]) -> bool:
    """Whether one of `paths` is read by systemd only after a daemon-reload."""
    return any(path.startswith(FOLDERS) for path in paths)


def daemon_reload(commands: Commands) -> None:
    """systemd reads its units again."""
    commands.must(["systemctl", "daemon-reload"])


def act(commands: Commands, verb: str, unit: str, *, wait: bool = True) -> None:
    """Starts, stops, restarts or reloads `unit`; raises when systemd says that it failed."""
    if verb in ("start", "restart"):
        commands.run(["systemctl", "reset-failed", "--", unit])
    argv = ["systemctl", *([] if wait else ["--no-block"]), verb, "--", unit]
    output = commands.run(argv, seconds=SECONDS, doing=f"{_doing(verb)} {unit}")
    if not output.succeeded:
        how = f"did not {verb} within {SECONDS} s" if output.code is None else f"did not {verb}"
        raise AgentError(f"{unit} {how}", unit=unit)


def _doing(verb: str) -> str:
    return {"stop": "stopping"}.get(verb, f"{verb}ing")


def enable(commands: Commands, unit: str, current: str, wanted: bool) -> None:
    """Enables or disables `unit` for the next boot; a masked one is unmasked first."""
    if wanted and current.startswith("masked"):
        commands.must(["systemctl", "unmask", "--", unit])
    commands.must(["systemctl", "enable" if wanted else "disable", "--", unit])


def put_back_enabled(commands: Commands, unit: str, before: str) -> None:
    """Enabled, disabled or masked as it was."""
    now = commands.run(["systemctl", "is-enabled", "--", unit]).out.strip() or "not-found"
    if now == before or (now not in ON | OFF) or (before not in ON | OFF):
        return
    if before.startswith("masked"):
        commands.must(["systemctl", "mask", "--", unit])
    elif now in ON and before in OFF:
        commands.must(["systemctl", "disable", "--", unit])
    elif now in OFF and before in ON:
        enable(commands, unit, now, True)


def journal(commands: Commands, unit: str, since: float) -> list[str]:
    """The last lines of a unit's journal."""
    argv = ["journalctl", "--unit", unit, f"--since=@{int(since)}", "--lines", str(JOURNAL_LINES)]
    output = commands.run([*argv, "--no-pager", "--quiet", "--output=cat"], seconds=20)
    return [line.rstrip() for line in output.out.splitlines() if line.strip()]
