"""How many differences each tool reported, read from what it printed."""

import json
from pathlib import Path

import pytest

from benchmarks.ansible import Ansible
from benchmarks.engine import Project
from benchmarks.floor import Floor
from benchmarks.lab import hosts
from benchmarks.measure import Measured
from benchmarks.ours import Drift, Engine
from benchmarks.pyinfra_tool import PyInfra
from benchmarks.tools import Tool

DRY_RUN = """\
--> Detected changes:
    Operation                                                   Change         Conditional Change
    files.directory (path=/etc/bench-00, mode=755, user=root)   -              -
    files.directory (path=/var/log/bench-00, mode=700)          1 (h1)         -
    files.put (src=StringIO(hash=de87), dest=/etc/x)            2 (h1, h2)     -
    systemd.daemon_reload                                       -              1 (h1)
"""
PREVIEW = {
    "steps": [
        {"op": "refresh", "detailedDiff": {"units": {}}},
        {"op": "update", "detailedDiff": {'files["/x"].content': {}, 'units["x"].running': {}}},
        {"op": "same", "detailedDiff": None},
    ]
}


def _tools(folder: Path) -> dict[str, Tool]:
    lab, project = hosts(1, folder), Project(folder, "bench-1", folder)
    tools: list[Tool] = [Floor(lab, folder), PyInfra(lab, folder), Ansible(lab, folder)]
    return {tool.name: tool for tool in [*tools, Engine("ours", project), Drift(project)]}


@pytest.mark.parametrize(
    ("tool", "printed", "count"),
    [
        ("floor", "differs: /etc/x 644 root root regular file\ndiffers: /y 755 a a directory\n", 2),
        ("pyinfra", DRY_RUN, 3),
        ("pyinfra", "--> Results:\n    files.put (dest=/etc/x)   1   1 (h1)   -\n", None),
        ("ansible", "changed: [h1] => (item=/etc/x)\nok: [h1] => (item=/etc/y)\n", 1),
        ("ours", json.dumps(PREVIEW), 2),
        ("ours", "Updating (bench-1)", None),
        ("ours_drift", json.dumps({"drift": 3}), 3),
    ],
)
def test_differences_are_counted_as_each_tool_reports_them(
    tool: str, printed: str, count: int | None, tmp_path: Path
) -> None:
    assert _tools(tmp_path)[tool].found(Measured(1.0, 1.0, 1.0, 1, 0, printed, "")) == count
