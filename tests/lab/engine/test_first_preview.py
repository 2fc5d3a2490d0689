"""With nothing deployed, a preview shows every file of the host, and no computed value."""

import re

import pytest

from tests.lab.engine.conftest import Story
from tests.lab.private_lab import ROOT

GOLDEN = ROOT / "tests" / "golden" / "dev" / "dev1"
FILES = sorted(str(path.relative_to(GOLDEN)) for path in GOLDEN.rglob("*") if path.is_file())
REFERENCE = re.compile(r"\$\{(?:value|secret):[a-z_]+\}")


@pytest.mark.parametrize("path", FILES)
def test_every_file_stands_in_the_preview_whole(story: Story, path: str) -> None:
    shown = re.split(r"^[+?~] ", story.preview.stdout + story.preview.stderr, flags=re.MULTILINE)
    found = [part for part in shown if re.split("[:\\n]", part)[0] == f"file /{path}"]
    declared = (GOLDEN / path).read_text().splitlines()
    lines = [line[5:] for part in found for line in part.splitlines()[1:] if line.startswith("    ")]

    assert len(found) == 1
    assert lines[: len(declared)] == declared


def test_computed_values_are_named(story: Story) -> None:
    assert {"${value:ca}", "${secret:password}", "${value:domain_certificate}", "${secret:domain_key}"} <= set(
        REFERENCE.findall(story.preview.stdout + story.preview.stderr)
    )


def test_what_is_not_known_yet_is_the_certificates_alone(story: Story) -> None:
    lines = [line.split(":")[0].strip() for line in story.preview.stdout.splitlines() if "[unknown]" in line]

    assert set(lines) == {
        *("caCertPem", "certRequestPem"),
        *("ca", "certificate", "domain_certificate", "host_certificate"),
    }


def test_there_is_no_error_and_one_warning(story: Story) -> None:
    said = story.preview.stdout + story.preview.stderr
    warnings = {line for line in said.splitlines() if line.lstrip().startswith(("warning: dev1", "error:"))}

    assert {line.strip() for line in warnings} == {
        "warning: dev1: the machine does not tell how far its clock is off; make sure of it by hand"
    }


def test_everything_is_created(story: Story) -> None:
    tail = story.preview.stdout.partition("Resources:")[2]

    assert re.fullmatch(r"\s+\+ \d+ to create\s*", tail)
