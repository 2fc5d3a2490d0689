"""Lab addresses are reached from inside the lab only."""

from pathlib import Path

from commands.apply.lab_stack import outside_lab


def test_names_the_way_into_the_lab(tmp_path: Path) -> None:
    (tmp_path / ".lab" / "dev").mkdir(parents=True)

    said = outside_lab("apply", "dev", tmp_path, {})

    assert said == "dev: its hosts are in the lab; run: scripts/lab run dev -- scripts/apply dev"


def test_says_nothing_inside_the_lab(tmp_path: Path) -> None:
    (tmp_path / ".lab" / "dev").mkdir(parents=True)

    assert outside_lab("apply", "dev", tmp_path, {"ONPREM_SSH_CONFIG": f"{tmp_path}/.lab/dev/ssh/config"}) == ""


def test_says_nothing_of_stacks_without_a_lab(tmp_path: Path) -> None:
    assert outside_lab("apply", "prod", tmp_path, {}) == ""
