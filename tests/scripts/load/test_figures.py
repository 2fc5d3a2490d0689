"""From single latencies and CPU seconds to figures."""

import json

import pytest

from commands.load import report
from commands.load.figures import Figures, figures, percentile, problems, warnings
from commands.load.phases import Phase
from commands.load.rounds import Plan, Run

SILENCE = Phase("silence", seconds=5, hosts={"ejabberd": 0.5, "others": 1.0}, generator=0.1)
PLAN = Plan(clients=2, rate=10, seconds=10, rounds=1)


def _run(
    way: str, milliseconds: tuple[float, ...], *, asked: int | None = None, twice: int = 0, number: int = 1
) -> Run:
    hosts = {"ejabberd": 3.0, "others": 2.0}
    asked = len(milliseconds) if asked is None else asked
    chat = Phase("steady", 10, hosts, generator=2.0, asked=asked, milliseconds=milliseconds, twice=twice)
    return Run(way, number, (SILENCE, chat))


def test_percentiles_are_values_that_were_measured() -> None:
    values = [float(number) for number in range(200, 0, -1)]

    assert [percentile(values, part) for part in (50, 95, 99, 100)] == [100, 190, 198, 200]
    assert percentile([7.0], 50) == percentile([7.0], 99) == 7.0


def test_a_core_is_only_charged_what_silence_does_not_use() -> None:
    (found,) = figures([_run("entry", (1.0,) * 100)])

    assert found.per_core == pytest.approx(100 / (3.0 - 1.0 + 2.0 - 2.0))
    assert found.services == {"ejabberd": pytest.approx(20), "others": pytest.approx(0)}
    assert (found.per_second, found.generator) == (10, 0.2)


def test_rounds_come_to_a_median_and_messages_to_a_sum() -> None:
    runs = [_run("entry", (milliseconds,) * 10, number=number) for number, milliseconds in enumerate((9.0, 1.0, 2.0))]

    (found,) = figures(runs)

    assert (found.p50, found.asked, found.arrived) == (2.0, 30, 30)


def test_where_processors_cannot_be_seen_nothing_is_said_of_a_core() -> None:
    phases = (Phase("silence", 5, {}, 0.1), Phase("steady", 10, {}, 1.0, asked=1, milliseconds=(1.0,)))

    (found,) = figures([Run("entry", 1, phases)])

    assert (found.per_core, found.services) == (None, {})


def test_a_message_that_is_missing_or_came_twice_is_a_problem() -> None:
    found = figures([_run("entry", (1.0, 2.0), asked=3, twice=1), _run("direct", (1.0, 2.0))])

    assert problems(found) == ["entry, steady: 1 of 3 did not arrive, 1 came twice"]


def test_says_when_the_clients_were_at_their_limit() -> None:
    phases = (SILENCE, Phase("flat out", 10, {}, generator=9.6, asked=1, milliseconds=(1.0,)))

    (warning,) = warnings(figures([Run("direct", 1, phases)]))

    assert warning == "direct, flat out: the clients used 96% of their core, so the servers may do more"


def _both() -> list[Figures]:
    return figures([_run("entry", (3.0,) * 50), _run("direct", (2.0,) * 100)])


def test_ratios_are_those_of_the_entry_to_the_direct_way() -> None:
    ratio = report.ratios(_both())["steady"]

    assert ratio == {"per_second": 0.5, "p50": 1.5, "p95": 1.5, "p99": 1.5, "per_core": pytest.approx(0.5)}


def test_a_way_alone_has_no_ratios() -> None:
    assert report.ratios(figures([_run("entry", (3.0,))])) == {}


def test_the_document_has_each_round_and_no_single_latency() -> None:
    runs = [_run("entry", (3.0,) * 50), _run("direct", (2.0,) * 100)]

    found = json.loads(report.document("dev", "dev", PLAN, runs, _both()))

    assert (found["stack"], found["beside"], found["plan"]["clients"]) == ("dev", "dev", 2)
    assert [(each["way"], each["phases"][1]["milliseconds"]) for each in found["rounds"]] == [
        ("entry", 50),
        ("direct", 100),
    ]


def test_the_table_has_a_line_for_each_way() -> None:
    shown = report.table("dev", _both())

    assert list(shown.columns[1].cells) == ["entry", "direct"]
    assert list(shown.columns[2].cells) == ["50/50", "100/100"]
    assert list(report.lines(_both()))[0] == "steady, entry: CPU ms for each: ejabberd 40.00, others 0.00"
