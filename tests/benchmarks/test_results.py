"""Samples, their medians, and the two forms of the report."""

from dataclasses import replace
from pathlib import Path

from benchmarks.report import lines
from benchmarks.results import Results, Sample, document

SAMPLE = Sample(1, "check", "ours", 0, 2.0, 1.0, 0.5, 1, 0)
SAMPLES = [SAMPLE, replace(SAMPLE, round=1, seconds=4.0, logins=2), replace(SAMPLE, tool="floor", seconds=0.5)]


def test_samples_are_found_again_after_an_interruption(tmp_path: Path) -> None:
    Results(tmp_path / "folder" / "results.jsonl").keep(SAMPLE)

    again = Results(tmp_path / "folder" / "results.jsonl")

    assert again.samples == [SAMPLE]
    assert again.has(1, "check", "ours", 0)
    assert not again.has(1, "check", "ours", 1)


def test_json_has_the_median_under_case_hosts_and_tool() -> None:
    found = document(SAMPLES, {"cores": 2})

    assert found["cores"] == 2
    assert found["cases"] == {"check": {"1": {"ours": 3.0, "floor": 0.5}}}
    assert found["details"]["check"]["1"]["ours"] == {
        "seconds": 3.0,
        "controller_cpu": 1.0,
        "hosts_cpu": 0.5,
        "logins": 2,
        "rounds": 2,
        "found": [0],
        "digests": [],
    }


def test_the_table_has_a_row_for_each_tool_and_says_what_was_left_out() -> None:
    assert list(lines(SAMPLES, ["Ansible was left out."])) == [
        "### Check, nothing differs",
        "",
        "| hosts | tool | seconds | CPU here | CPU on hosts | logins | found |",
        "|---:|---|---:|---:|---:|---:|---:|",
        "| 1 | ours | 3.00 | 1.00 | 0.50 | 2 | 0 |",
        "| 1 | floor | 0.50 | 1.00 | 0.50 | 1 | 0 |",
        "",
        "Ansible was left out.",
    ]
