"""Compares a state with the hosts it names."""

from collections.abc import Awaitable, Mapping
from datetime import UTC, datetime, timedelta

from commands.drift import DriftError
from commands.drift.certificates import in_values
from commands.drift.findings import Findings
from commands.drift.hidden import without_secrets
from commands.drift.look import HOSTS_SIDE_BY_SIDE, look
from commands.drift.state import State
from onprem.connections import Connections
from onprem.errors import OnPremError
from onprem.inventory import Login
from onprem.modes import Modes, read_modes
from onprem.transport import Opener, opener_for


async def compare(
    stack: str,
    loading: Awaitable[State],
    expected: Mapping[str, Login],
    environment: Mapping[str, str],
    opener: Opener | None,
    seconds: float,
    near: timedelta,
) -> Findings:
    """`seconds` is for one service of a host; `near` is when certificates are named.

    The hosts that are `expected` are logged in to while the state is still `loading`.
    """
    modes = read_modes(environment)
    opener = opener or opener_for(modes.reader)
    ahead = Connections(expected, opener)
    for host in sorted(host for host in expected if not modes.away(host))[:HOSTS_SIDE_BY_SIDE]:
        ahead.begin(host)
    try:
        state = await loading
        _refuse_strangers(modes, state)
        connections = ahead if state.logins == expected else Connections(state.logins, opener)
        seen = await look(state, connections, modes, seconds)
    finally:
        await ahead.close()
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


def _refuse_strangers(modes: Modes, state: State) -> None:
    try:
        modes.refuse_strangers(state.logins)
    except OnPremError as error:
        raise DriftError(str(error)) from None
