"""Recorded previews in every format, compared as a whole with what was reviewed."""

from collections.abc import Callable
from pathlib import Path

import pytest

from commands.preview.json_form import json_form
from commands.preview.markdown import markdown
from commands.preview.report import Report, Result
from commands.preview.text import text
from tests.scripts.preview.recordings import LIVE, NAMES, reported

REVIEWED = Path(__file__).parent / "reviewed"
FORMATS: dict[str, Callable[[list[Report]], str]] = {"md": markdown, "txt": text, "json": json_form}
RESULTS = {"protected": Result.FAILED, "refused": Result.FAILED, "unreachable": Result.FAILED, "same": Result.SAME}


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("name", NAMES)
def test_reads_as_reviewed(name: str, form: str, request: pytest.FixtureRequest) -> None:
    path = REVIEWED / f"{name}.{form}"
    found = FORMATS[form]([reported(name)])
    if request.config.getoption("--regenerate-golden"):
        path.write_text(found)

    assert found == path.read_text()


@pytest.mark.parametrize("name", NAMES)
def test_says_whether_something_changes(name: str) -> None:
    assert reported(name).result is RESULTS.get(name, Result.CHANGES)


def test_every_recording_is_known() -> None:
    assert set(RESULTS) | set(LIVE) < set(NAMES)
