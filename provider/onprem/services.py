"""The resource `Service` without the engine: plain dictionaries in and out, secrets in clear, progress to a report."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from onprem import previews, proofs, rules, told
from onprem.bundle import with_reader
from onprem.connections import Connections
from onprem.declarations import ServiceShape, complete
from onprem.errors import OnPremError
from onprem.live import outputs, unread
from onprem.modes import Modes
from onprem.report import Report, Silence

CONFIRM_SECONDS = 60
RETRY_SECONDS = 2
IMPORTED_SECRET = "not-known-until-the-next-update"  # noqa: S105 - stands where an import cannot know a secret

Inputs = dict[str, Any]


class Services:
    """Create, read, update and delete declared services on live hosts."""

    def __init__(self, connections: Connections, modes: Modes) -> None:
        self._connections = connections
        self._modes = modes

    def check(self, inputs: Inputs, previous: Mapping[str, Any]) -> tuple[Inputs, list[str]]:
        """`inputs` with defaults filled in, and everything that is wrong with them. `previous` are the old ones."""
        whole, problems = complete(ServiceShape, inputs)
        problems += [] if problems else rules.problems(whole)
        whole = whole if problems else with_reader(whole)
        return whole, problems + rules.identity(inputs, previous, self._connections.hosts)

    async def look(self, inputs: Inputs, report: Report) -> None:
        """Tells `report` what creating this would change. Never fails: a preview goes on without it."""
        host, name = inputs["host"], _name(inputs)
        if not self._modes.looks or self._modes.away(host):
            return
        known, waiting = previews.without_unknown(inputs)
        try:
            answer = await self._ask("look", known, report)
        except OnPremError as error:
            await report.warning(f"{name}: the live host could not be looked at. {error}")
            return
        unseen = told.unlisted(inputs, answer["declared"]) if self._modes.reader else ()
        found = previews.lines(inputs, answer["live"], waiting, unseen)
        title = f"{name}: would change on the host:" if found else f"{name}: the host is already as declared"
        await report.note("\n".join([title, *found]))

    async def create(self, inputs: Inputs, report: Report) -> dict[str, Any]:
        """Adopts or makes the service; its live state."""
        return await self.update(inputs, {}, report)

    async def update(self, inputs: Inputs, previous: Inputs, report: Report) -> dict[str, Any]:
        """Makes the host as `inputs` declare; what only `previous` declared goes. The live state."""
        host = inputs["host"]
        self._modes.refuse_change(host, inputs["service"])
        if previous and not only_proof_differs(inputs, previous):
            await self._proven(inputs, report)
        if IMPORTED_SECRET in inputs.get("secrets", {}).values():
            raise OnPremError(f"{_name(inputs)}: an import does not know secrets; give them in the program")
        if not inputs.get("confirm"):
            return await self._apply(inputs, previous, report)
        async with self._connections.confirming:
            return await self._apply(inputs, previous, report)

    async def foresee(self, inputs: Inputs, previous: Inputs, report: Report) -> None:
        """Warns of what an update would be refused for. Never fails: a preview goes on."""
        proof = inputs.get("proof")
        if not proof or not self._modes.looks or self._modes.reader or only_proof_differs(inputs, previous):
            return
        now = datetime.now(UTC)
        if lack := await self._lacking(proof, now):
            answer = proofs.override(proof, now) or f"the change will be refused; run {proof['how']}"
            await report.warning(f"{_name(inputs)}: {lack}; {answer}")

    async def _proven(self, inputs: Inputs, report: Report) -> None:
        """Raises when what must have been shown before a change was not, unless somebody answers for that."""
        proof, now = inputs.get("proof"), datetime.now(UTC)
        if not proof or not (lack := await self._lacking(proof, now)):
            return
        if not (answer := proofs.override(proof, now)):
            raise OnPremError(f"{_name(inputs)}: not changed: {lack}; run {proof['how']}")
        await report.warning(f"{_name(inputs)}: changed although {lack}; {answer}")

    async def _lacking(self, proof: proofs.Proof, now: datetime) -> str:
        """Why there is no proof, in words; a host that is left alone is not asked for it."""
        if variable := self._modes.away(proof["host"]):
            return f"whether there is a good {proof['what']} is not known while {variable} names {proof['host']}"
        return await proofs.lacking(proof, self._connections, now)

    async def read(self, inputs: Inputs, state: dict[str, Any], report: Report) -> dict[str, Any]:
        """The live state of the service that `inputs` declare; `state`, as last known, for an offline host."""
        if variable := self._modes.away(inputs["host"]):
            await report.warning(f"{_name(inputs)}: not read, {variable} names its host; its last state stands")
            return state
        answer = await self._ask("read", inputs, report)
        live = answer["live"]
        if self._modes.reader:
            live = told.completed(inputs, answer, state)
            if sentence := told.warning(inputs, answer["declared"]):
                await report.warning(sentence)
        for step, cause in unread(live).items():
            await report.warning(
                f"{_name(inputs)}: the state of step {step} could not be read: {cause}; its last known state stands"
            )
        return outputs(inputs, live, state)

    async def _ask(self, op: str, declared: Inputs, report: Report) -> dict[str, Any]:
        """A reader goes by the manifest on its host, and is not given what is declared, nor its secrets."""
        connection = await self._connections.get(declared["host"])
        shown = {} if self._modes.reader else {"declared": declared}
        return await connection.request(op, report, service=declared["service"], **shown)

    async def find(self, identity: str, report: Report) -> tuple[Inputs, dict[str, Any]]:
        """Inputs and live state of the service `<host>/<service>` as its host remembers it; raises when it does not."""
        host, _, service = identity.partition("/")
        if not service:
            raise OnPremError(f"{identity}: not the ID of a Service; expected <host>/<service>")
        connection = await self._connections.get(host)
        answer = await connection.request("manifest", report, service=service)
        if damaged := answer.get("damaged"):
            raise OnPremError(f"{identity}: {damaged}")
        if answer["declared"] is None:
            known = ", ".join(sorted(answer["services"])) or "none"
            raise OnPremError(
                f"{identity}: {host} has no such service; known there: {known};"
                " what this provider did not make is taken over with scripts/adopt"
            )
        inputs = {**answer["declared"], "host": host, "service": service}
        if inputs.get("secrets"):
            inputs["secrets"] = dict.fromkeys(inputs["secrets"], IMPORTED_SECRET)
        inputs, _ = complete(ServiceShape, inputs)
        return inputs, await self.read(inputs, {}, report)

    async def delete(self, inputs: Inputs, report: Report) -> None:
        """Puts back what the service replaced; tells `report` what stays. On a host that is gone nothing is done."""
        host = inputs["host"]
        if host in self._modes.gone and not self._modes.reader:
            await report.warning(f"{_name(inputs)}: forgotten, and nothing was done there: ONPREM_GONE names its host")
            return
        self._modes.refuse_change(host, inputs["service"])
        await self._proven(inputs, report)
        async with self._connections.writing(host):
            connection = await self._connections.get(host)
            answer = await connection.request("delete", report, service=inputs["service"], declared=inputs)
        await self._notes(inputs, answer, report)
        kept = [f"{kind}: {', '.join(names)}" for kind, names in answer.get("kept", {}).items() if names]
        if kept:
            await report.warning(f"{_name(inputs)}: stays on the host: {'; '.join(kept)}")

    async def _apply(self, inputs: Inputs, previous: Inputs, report: Report) -> dict[str, Any]:
        async with self._connections.writing(inputs["host"]):
            connection = await self._connections.get(inputs["host"])
            answer = await connection.request(
                "apply", report, service=inputs["service"], declared=inputs, previous=previous
            )
            if answer.get("token"):
                await self._confirm(inputs, answer["token"], report)
        await self._notes(inputs, answer, report)
        return outputs(inputs, answer["live"])

    async def _confirm(self, inputs: Inputs, token: str, report: Report) -> None:
        await report.status("proving that a new login works")
        last = ""
        try:
            async with asyncio.timeout(CONFIRM_SECONDS):
                while last := await self._confirm_once(inputs, token):
                    await asyncio.sleep(RETRY_SECONDS)
        except TimeoutError:
            raise OnPremError(
                f"{_name(inputs)}: no new login succeeded within {CONFIRM_SECONDS} s, so the host puts back what was"
                f" before. {last}".rstrip()
            ) from None

    async def _confirm_once(self, inputs: Inputs, token: str) -> str:
        """Why it did not work, else nothing."""
        try:
            connection = await self._connections.open(inputs["host"], new_login=True)
            try:
                await connection.request("confirm", Silence(), service=inputs["service"], token=token)
            finally:
                await connection.close()
        except OnPremError as error:
            return str(error)
        return ""

    async def _notes(self, inputs: Inputs, answer: Mapping[str, Any], report: Report) -> None:
        for note in answer.get("notes", ()):
            await report.note(f"{_name(inputs)}: {note}")


def only_proof_differs(inputs: Inputs, previous: Inputs) -> bool:
    """What must be proven is no part of the host's state, so that it may change without proof."""
    own, before = ({name: value for name, value in each.items() if name != "proof"} for each in (inputs, previous))
    return own == before and inputs.get("proof") != previous.get("proof")


def _name(inputs: Mapping[str, Any]) -> str:
    return f"{inputs['host']}/{inputs['service']}"
