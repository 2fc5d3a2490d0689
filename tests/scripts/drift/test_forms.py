"""The same findings as text, as JSON and as metrics."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from commands.drift import DriftError, metrics
from commands.drift.document import document
from commands.drift.findings import Findings, HostFound, Item, Outcome, ServiceFound, Status
from commands.drift.text import MOST_LINES, lines, summary
from tests.scripts.drift.found import ALL, CLEAN, FILE, LATER, NOW, SOON, WEB1, WEB2, WEB3, WEB4, findings


def text(found: Findings) -> str:
    return "\n".join(line.plain for line in lines(found))


@pytest.mark.parametrize(
    ("hosts", "outcome"),
    [
        ((CLEAN,), Outcome.AS_DECLARED),
        ((CLEAN, WEB3), Outcome.AS_DECLARED),
        ((CLEAN, WEB2), Outcome.COULD_NOT_LOOK),
        ((CLEAN, WEB4), Outcome.COULD_NOT_LOOK),
        ((WEB1, WEB2), Outcome.DRIFT),
        ((WEB1, WEB4), Outcome.DRIFT),
    ],
)
def test_drift_counts_more_than_a_host_that_is_away(hosts: tuple[HostFound, ...], outcome: Outcome) -> None:
    assert findings(*hosts).outcome is outcome


def test_a_certificate_near_its_end_is_no_drift() -> None:
    assert replace(findings(CLEAN), certificates=(SOON,)).outcome is Outcome.AS_DECLARED


def test_the_text_has_a_block_for_each_host_and_one_sentence_at_the_end() -> None:
    assert text(ALL) == (
        "web1: 2 differences\n"
        "  nginx: file /etc/x\n"
        "    --- declared\n"
        "    +++ found\n"
        "    @@ -1 +1 @@\n"
        "    -a\n"
        "    +b\n"
        "  nginx: unit nginx.service: running: yes declared, no found\n"
        "\n"
        "web2\n"
        "  could not look: web2: cannot be reached at 192.0.2.2\n"
        "\n"
        "web3: skipped, ONPREM_OFFLINE names it\n"
        "\n"
        "web4\n"
        "  could not look: web4/nginx: the agent failed\n"
        "\n"
        "certificates near their end\n"
        "  CN=chat: expires in 5 days (2030-01-07T04:04:05Z): web1/nginx certificate\n"
        "\n"
        "note: a note\n"
        "one: 2 differences on 1 of 5 hosts; could not look at web2; 1 thing could not be read; skipped web3."
    )


def test_hosts_as_declared_are_one_sentence() -> None:
    assert text(findings(CLEAN)) == "one: 1 host looked at, nothing differs."
    assert summary(findings(CLEAN, WEB2)) == "one: 1 host looked at, nothing differs; could not look at web2."


def test_one_certificate_is_one_line_wherever_it_is_used() -> None:
    expired = replace(SOON, expires=NOW - timedelta(days=2))
    found = replace(findings(CLEAN), certificates=(expired, replace(expired, host="web2")))

    assert text(found).splitlines()[1] == (
        "  CN=chat: expired 2 days ago (2029-12-31T03:04:05Z): web1/nginx certificate, web2/nginx certificate"
    )


def test_a_long_difference_is_cut_in_text_only() -> None:
    long = Item("file", "/etc/x", "", ("+b",) * (MOST_LINES + 3))
    found = findings(HostFound("web1", Status.LOOKED, (ServiceFound("nginx", (long,)),)))

    assert text(found).count("+b") == MOST_LINES
    assert "    (3 more lines; --format json has them)" in text(found).splitlines()
    assert json.dumps(document(found)).count("+b") == MOST_LINES + 3


def test_the_json_keeps_its_shape() -> None:
    hosts = (
        replace(WEB1, services=(ServiceFound("nginx", (FILE,)),)),
        replace(WEB4, services=(ServiceFound("nginx", not_read=("why",)),)),
    )
    found = replace(findings(*hosts), certificates=(LATER, SOON), notes=("a note",))

    assert document(found) == {
        "version": 1,
        "stack": "one",
        "state": "pulumi",
        "looked_at": "2030-01-02T03:04:05Z",
        "exit_code": 2,
        "drift": 1,
        "hosts": [
            {
                "host": "web1",
                "status": "looked",
                "reason": "",
                "services": [
                    {
                        "service": "nginx",
                        "drift": [
                            {
                                "kind": "file",
                                "name": "/etc/x",
                                "what": "",
                                "diff": ["--- declared", "+++ found", "@@ -1 +1 @@", "-a", "+b"],
                            }
                        ],
                        "not_read": [],
                    }
                ],
            },
            {
                "host": "web4",
                "status": "looked",
                "reason": "",
                "services": [{"service": "nginx", "drift": [], "not_read": ["why"]}],
            },
        ],
        "certificates": [
            {
                "host": "web1",
                "service": "nginx",
                "name": "ca",
                "subject": "CN=ca",
                "expires": "2031-05-17T03:04:05Z",
                "seconds_left": 500 * 86_400,
                "near": False,
            },
            {
                "host": "web1",
                "service": "nginx",
                "name": "certificate",
                "subject": "CN=chat",
                "expires": "2030-01-07T04:04:05Z",
                "seconds_left": 5 * 86_400 + 3600,
                "near": True,
            },
        ],
        "notes": ["a note"],
    }


def test_metrics_tell_only_what_was_seen(tmp_path: Path) -> None:
    path = tmp_path / "drift.prom"
    path.write_text("before")

    metrics.write(path, replace(ALL, stack='o"ne'))

    samples = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    stack = 'stack="o\\"ne"'
    assert samples == [
        f'onprem_drift_items{{{stack},host="web1",service="nginx"}} 2',
        f'onprem_drift_items{{{stack},host="web1",service="ntp"}} 0',
        f'onprem_drift_items{{{stack},host="web5",service="nginx"}} 0',
        f'onprem_drift_not_read_items{{{stack},host="web1",service="nginx"}} 0',
        f'onprem_drift_not_read_items{{{stack},host="web1",service="ntp"}} 0',
        f'onprem_drift_not_read_items{{{stack},host="web4",service="nginx"}} 1',
        f'onprem_drift_not_read_items{{{stack},host="web5",service="nginx"}} 0',
        f'onprem_drift_host_unreachable{{{stack},host="web1"}} 0',
        f'onprem_drift_host_unreachable{{{stack},host="web2"}} 1',
        f'onprem_drift_host_unreachable{{{stack},host="web4"}} 0',
        f'onprem_drift_host_unreachable{{{stack},host="web5"}} 0',
        f"onprem_drift_unreachable_hosts{{{stack}}} 1",
        f"onprem_drift_last_look_timestamp_seconds{{{stack}}} 1893553445",
        f'onprem_certificate_expiry_seconds{{{stack},host="web1",service="nginx",name="ca"}} 43200000',
        f'onprem_certificate_expiry_seconds{{{stack},host="web1",service="nginx",name="certificate"}} 435600',
    ]
    assert path.stat().st_mode & 0o777 == 0o644
    assert [file.name for file in tmp_path.iterdir()] == ["drift.prom"]


def test_metrics_that_cannot_be_written_are_an_error(tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / "drift.prom"

    with pytest.raises(DriftError) as error:
        metrics.write(path, ALL)

    assert str(error.value) == f"{path}: the metrics cannot be written: No such file or directory"
