"""What the command leaves behind when the proposed settings cannot be written into the stack file."""

from pathlib import Path

import pytest

from commands.adopt import __main__ as command
from commands.adopt.adoption import Adoption, Variant
from commands.preview.report import Report

COMMENTED = "config:\n  im:time:\n    # ours\n    servers: [a]\n"
NOTHING = Variant((), {}, (), Report("one", live=True))
FOUND = Adoption("one", {}, {}, NOTHING, NOTHING, {"im:time": {"servers": ["b"]}}, (), ())


def test_what_was_found_is_shown_though_the_stack_file_must_be_written_by_hand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stack_file, folder = tmp_path / "Pulumi.one.yaml", tmp_path / "adopt" / "one"
    stack_file.write_text(COMMENTED)
    folder.mkdir(parents=True)
    (folder / stack_file.name).write_text("of an earlier look")
    monkeypatch.setattr(command, "look", lambda *_: FOUND)

    code = command.main(["one", "--write", "--stacks", str(tmp_path), "--folder", str(folder.parent)])

    shown = capsys.readouterr()
    assert code == 1
    assert "Proposed settings:\nim:time:\n  servers:\n  - b\n" in shown.out
    assert shown.err == (
        f"{stack_file}: im:time: has comments, which would go; write by hand: im:time: {{servers: [b]}}\n"
    )
    assert stack_file.read_text() == COMMENTED
    assert sorted(path.name for path in folder.iterdir()) == ["import.json", "proposed.json"]
