"""The resource `Host` without the engine: a machine that meets its requirements."""

from collections.abc import Mapping
from typing import Any

from onprem import rules
from onprem.connections import Connections
from onprem.declarations import HostShape, complete
from onprem.errors import OnPremError
from onprem.modes import Modes
from onprem.report import Report
from onprem.requirements import Verdict, evaluate

Inputs = dict[str, Any]


class Hosts:
    """Measures machines and compares them with their requirements."""

    def __init__(self, connections: Connections, modes: Modes) -> None:
        self._connections = connections
        self._modes = modes

    def check(self, inputs: Inputs, previous: Mapping[str, Any]) -> tuple[Inputs, list[str]]:
        """`inputs` with defaults filled in, and everything that is wrong with them."""
        whole, problems = complete(HostShape, inputs)
        return whole, problems + rules.identity(inputs, previous, self._connections.hosts)

    async def look(self, inputs: Inputs, report: Report) -> None:
        """Tells `report` which requirements are not met. Never fails: a preview goes on without it."""
        host = inputs["host"]
        if not self._modes.looks or self._modes.away(host):
            return
        try:
            verdict, _ = await self._measure(inputs, report)
        except OnPremError as error:
            await report.warning(f"{host}: the live host could not be looked at. {error}")
            return
        await _warn(verdict, report)

    async def create(self, inputs: Inputs, report: Report) -> dict[str, Any]:
        """Inputs and facts of a machine that meets its requirements, packages downloaded; raises when it does not."""
        host = inputs["host"]
        self._modes.refuse_change(host)
        verdict, facts = await self._measure(inputs, report)
        if verdict.unmet:
            raise OnPremError("\n".join(verdict.unmet))
        await _warn(verdict, report)
        if packages := inputs.get("packages"):
            async with self._connections.writing(host):
                connection = await self._connections.get(host)
                await connection.request("prefetch", report, packages=packages)
        return {**inputs, "facts": facts}

    async def read(self, inputs: Inputs, state: dict[str, Any], report: Report) -> dict[str, Any]:
        """Inputs and facts; an unmet requirement is a warning here."""
        host = inputs["host"]
        if variable := self._modes.away(host):
            await report.warning(f"{host}: not read, {variable} names it; its last state stands")
            return state
        verdict, facts = await self._measure(inputs, report)
        await _warn(verdict, report)
        return {**inputs, "facts": facts}

    async def _measure(self, inputs: Inputs, report: Report) -> tuple[Verdict, dict[str, Any]]:
        host, required = inputs["host"], inputs.get("requirements", {})
        connection = await self._connections.get(host)
        answer = await connection.request("measure", report, requirements=required)
        return evaluate(host, required, answer["measured"]), answer["facts"]


async def _warn(verdict: Verdict, report: Report) -> None:
    for sentence in (*verdict.unmet, *verdict.not_told):
        await report.warning(sentence)
