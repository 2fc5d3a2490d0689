"""The smallest benchmark there is runs to its end. How long anything took is not looked at."""

import json
import subprocess
from pathlib import Path

import pytest

from commands.apply.engine import installed_engine
from commands.lab import requirements
from tests.lab.private_lab import ROOT

TOOLS = ("floor", "ours", "ours_drift")


def test_measures_ours_beside_the_floor(tmp_path: Path) -> None:
    if reason := requirements.unmet():
        pytest.skip(reason)
    few = ["--hosts", "1", "--rounds", "1", "--services", "1", "--tools", ",".join(TOOLS)]
    argv = [str(ROOT / "benchmarks/run"), *few, "--format", "json", "--results", str(tmp_path / "results.jsonl")]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)["details"]
    assert {tool for tools in (found[case]["1"] for case in found) for tool in tools} == set(TOOLS)
    assert {tool: median["found"] for tool, median in found["drift"]["1"].items() if median["found"]} == {
        tool: [3] for tool in found["drift"]["1"]
    }
    assert found["unchanged"]["1"]["ours"]["logins"] == (0 if installed_engine() else 1)  # scripts/apply always looks
    assert found["check"]["1"]["ours_drift"]["logins"] == 1
    assert found["first"]["1"]["floor"]["digests"] == found["first"]["1"]["ours"]["digests"] != []
