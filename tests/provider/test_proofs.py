"""Changes that need a recent report on another host."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from onprem.connections import Connections
from onprem.errors import OnPremError
from onprem.modes import Modes
from onprem.proofs import lacking, override, words
from onprem.services import Services
from tests.provider.scripted import Frame, Said, ScriptedHosts
from tests.provider.test_services import INPUTS, LIVE, LOGINS, sentence, use

PATH = "/var/lib/reports/good.json"
NO_OVERRIDE = {"reason": "", "until": ""}
PROOF = {
    "host": "web2", "path": PATH, "seconds": 7 * 86400, "what": "restore test", "how": "make-one", **NO_OVERRIDE,
}  # fmt: skip
GATED: dict[str, Any] = {**INPUTS, "proof": PROOF}
BEFORE: dict[str, Any] = {**GATED, "files": {}}
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
FOREVER = {"reason": "the disk is being replaced", "until": "9999-12-31"}
STALE = "the newest good restore test is 9 d old, and 7 d are allowed"


FAILED = {"begun": (NOW - timedelta(hours=3)).isoformat(), "good": False, "problem": "the copy is damaged"}


def hosts(begun: datetime | None = None, text: str | None = None, unreachable: tuple[str, ...] = ()) -> ScriptedHosts:
    """`web2` has a report of this time, or this text, or none."""
    content = json.dumps({"begun": begun.isoformat()}) if begun else text

    def look(_: Frame) -> Frame:
        files = {} if content is None else {PATH: {"content": content}}
        return {"live": {"files": files}}

    applied: Frame = {"live": LIVE, "notes": [], "token": None}
    return ScriptedHosts({"look": look, "apply": lambda _: applied, "delete": lambda _: {}}, unreachable)


def lack(answering: ScriptedHosts) -> str:
    async def run() -> str:
        connections = Connections(LOGINS, answering)
        found = await lacking(PROOF, connections, NOW)
        await connections.close()
        return found

    return asyncio.run(run())


def test_a_recent_report_is_enough() -> None:
    assert lack(hosts(NOW - timedelta(days=6))) == ""


@pytest.mark.parametrize(
    ("answering", "said"),
    [
        (hosts(NOW - timedelta(days=9)), STALE),
        (hosts(NOW + timedelta(hours=1)), "the newest restore test is of the future; look at the clock of web2"),
        (hosts(), "there is no good restore test on web2"),
        (hosts(text=json.dumps(FAILED)), "the newest restore test, 3 h ago, was not good: the copy is damaged"),
        (hosts(text="{}"), f"web2: {PATH} is no report of a restore test"),
        (hosts(text='{"begun": "2026-11-26T03:00:00"}'), f"web2: {PATH} is no report of a restore test"),
    ],
    ids=["old", "of the future", "none", "not good", "without a time", "without a zone"],
)
def test_what_is_lacking_is_said(answering: ScriptedHosts, said: str) -> None:
    assert lack(answering) == said


def test_a_host_that_cannot_be_asked_is_no_proof() -> None:
    assert lack(hosts(unreachable=("web2",))).startswith(
        "whether there is a good restore test could not be asked: web2"
    )


@pytest.mark.parametrize(("until", "holds"), [("2026-11-26", True), ("2026-11-27", True), ("2026-11-25", False)])
def test_an_override_holds_to_the_end_of_its_day(until: str, holds: bool) -> None:
    said = override({**PROOF, "reason": "because", "until": until}, NOW)
    assert said == (f"overridden until {until}: because" if holds else "")


def test_an_update_without_proof_is_refused_and_nothing_is_asked_of_its_host() -> None:
    answering = hosts(datetime.now(UTC) - timedelta(days=9))

    async def act(services: Services, said: Said) -> None:
        await services.update(GATED, BEFORE, said)

    assert sentence(answering, act) == f"web1/nginx: not changed: {STALE}; run make-one"
    assert not answering.asked("apply")


def test_a_delete_without_proof_is_refused() -> None:
    async def act(services: Services, said: Said) -> None:
        await services.delete(GATED, said)

    assert sentence(hosts(), act) == ("web1/nginx: not changed: there is no good restore test on web2; run make-one")


def test_an_update_with_proof_goes_on() -> None:
    answering = hosts(datetime.now(UTC) - timedelta(days=1))
    use(answering, lambda services, said: services.update(GATED, BEFORE, said))
    assert answering.asked("apply")


def test_a_host_that_is_left_alone_is_not_asked_for_proof() -> None:
    answering, away = hosts(datetime.now(UTC)), Modes(offline=frozenset({"web2"}))
    said = use(answering, lambda services, said: services.foresee(GATED, BEFORE, said), away)
    lack = "whether there is a good restore test is not known while ONPREM_OFFLINE names web2"

    async def act(services: Services, said: Said) -> None:
        await services.update(GATED, BEFORE, said)

    assert said.warnings == [f"web1/nginx: {lack}; the change will be refused; run make-one"]
    assert sentence(answering, act, away) == f"web1/nginx: not changed: {lack}; run make-one"
    assert answering.logins == []


def test_an_override_is_told_when_it_is_used() -> None:
    gated = {**GATED, "proof": {**PROOF, **FOREVER}}
    said = use(hosts(), lambda services, said: services.update(gated, BEFORE, said))
    assert said.warnings == [
        "web1/nginx: changed although there is no good restore test on web2;"
        " overridden until 9999-12-31: the disk is being replaced"
    ]


def test_a_first_creation_needs_none() -> None:
    answering = hosts()
    use(answering, lambda services, said: services.create(GATED, said))
    assert answering.asked("apply")


def test_what_must_be_proven_may_change_without_proof() -> None:
    answering = hosts()
    use(answering, lambda services, said: services.update(GATED, INPUTS, said))
    assert answering.asked("apply")


def test_drift_is_not_repaired_without_proof() -> None:
    async def act(services: Services, said: Said) -> None:
        await services.update(GATED, GATED, said)

    with pytest.raises(OnPremError):
        raise OnPremError(sentence(hosts(), act))


def test_a_preview_says_what_would_be_refused() -> None:
    said = use(hosts(), lambda services, said: services.foresee(GATED, BEFORE, said))
    assert said.warnings == [
        "web1/nginx: there is no good restore test on web2; the change will be refused; run make-one"
    ]


def test_a_preview_that_must_not_look_says_nothing() -> None:
    said = use(hosts(), lambda services, said: services.foresee(GATED, BEFORE, said), Modes(looks=False))
    assert said.warnings == []


@pytest.mark.parametrize(
    ("age", "text"),
    [
        (timedelta(minutes=5), "5 min"),
        (timedelta(hours=1), "1 h"),
        (timedelta(minutes=90), "90 min"),
        (timedelta(hours=47), "47 h"),
        (timedelta(days=9, hours=3), "9 d"),
    ],
)
def test_an_age_in_words(age: timedelta, text: str) -> None:
    assert words(age) == text
