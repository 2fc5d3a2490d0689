"""Compares a state with the hosts it names."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from commands.drift import DriftError
from commands.drift.certificates import in_values
from commands.drift.findings import Findings
from commands.drift.hidden import without_secrets
from commands.drift.look import look
from commands.drift.state import State
from onprem.connections import Connections
from onprem.errors import OnPremError
from onprem.modes import Modes, read_modes
from onprem.transport import Opener, opener_for


def compare(
    stack: str, state: State, environment: Mapping[str, str], opener: Opener | None, seconds: float, near: timedelta
) -> Findings:
    """`seconds` is for one service of a host; `near` is when certificates are named."""
    modes = _modes(state, environment)
    connections = Connections(state.logins, opener or opener_for(modes.reader))
    seen = asyncio.run(look(state, connections, modes, seconds))
    findings = Findings(
        stack,
        state.source,
        datetime.now(UTC),
        seen.hosts,
        (*in_values(state), *seen.certificates),
        (*state.notes, *seen.notes),
        near,
    )
    return without_secrets(findings, state)


def _modes(state: State, environment: Mapping[str, str]) -> Modes:
    modes = read_modes(environment)
    try:
        modes.refuse_strangers(state.logins)
    except OnPremError as error:
        raise DriftError(str(error)) from None
    return modes
