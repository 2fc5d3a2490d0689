"""Samples, their medians, and the two forms of the report."""

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import BenchmarkError
from benchmarks.report import BEGIN, END, lines, write
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


def test_the_tables_have_a_row_for_each_case_and_say_what_was_left_out() -> None:
    assert list(lines(SAMPLES, ["Ansible was left out."])) == [
        "### 1 host: seconds",
        "",
        "|  | floor | ours |",
        "| --- | ---: | ---: |",
        "| Check, nothing differs | 0.5 | 3.0 |",
        "",
        "### 1 host: CPU seconds here + on the hosts",
        "",
        "|  | floor | ours |",
        "| --- | ---: | ---: |",
        "| Check, nothing differs | 1.0 + 0.5 | 1.0 + 0.5 |",
        "",
        "### 1 host: logins on all hosts together",
        "",
        "|  | floor | ours |",
        "| --- | ---: | ---: |",
        "| Check, nothing differs | 1 | 2 |",
        "",
        "### 1 host: found",
        "",
        "|  | floor | ours |",
        "| --- | ---: | ---: |",
        "| Check, nothing differs | 0 | 0 |",
        "",
        "Ansible was left out.",
    ]


def test_the_tables_take_the_place_of_older_ones_in_a_document(tmp_path: Path) -> None:
    path = tmp_path / "benchmarks.md"
    path.write_text(f"# Title\n\n{BEGIN}\n{END}\n\nEnd.\n")

    write(path, ["older"])
    write(path, ["newer"])

    assert path.read_text() == f"# Title\n\n{BEGIN}\n\nnewer\n\n{END}\n\nEnd.\n"


def test_refuses_a_document_without_a_place_for_the_tables(tmp_path: Path) -> None:
    path = tmp_path / "benchmarks.md"
    path.write_text("# Title\n")

    with pytest.raises(BenchmarkError) as refused:
        write(path, ["newer"])

    assert str(refused.value) == f"{path}: has no place for the tables; add the lines {BEGIN} and {END}"
