"""Lab addresses are reached from inside the lab only."""

from pathlib import Path

import pytest

from commands.apply import ApplyError
from commands.apply.lab_stack import refuse_outside_lab


def test_names_the_way_into_the_lab(tmp_path: Path) -> None:
    (tmp_path / ".lab" / "dev").mkdir(parents=True)

    with pytest.raises(ApplyError) as refused:
        refuse_outside_lab("apply", "dev", tmp_path, {})

    assert str(refused.value) == "dev: its hosts are in the lab; run: scripts/lab run dev -- scripts/apply dev"


def test_allows_what_runs_inside_the_lab_and_stacks_without_one(tmp_path: Path) -> None:
    (tmp_path / ".lab" / "dev").mkdir(parents=True)

    refuse_outside_lab("apply", "dev", tmp_path, {"ONPREM_SSH_CONFIG": f"{tmp_path}/.lab/dev/ssh/config"})
    refuse_outside_lab("apply", "prod", tmp_path, {})
