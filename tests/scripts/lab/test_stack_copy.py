"""A stack file's copy in the lab: always the tracked text, never without what Pulumi encrypted."""

from pathlib import Path

import pytest
import yaml

from commands.lab.errors import LabError
from commands.lab.session import refresh_copies
from commands.lab.stack_copy import merge

TRACKED = "# the stack\nconfig:\n  im:domain: chat.test  # ours\n"


def merged(folder: Path, tracked: str, copy: str) -> str:
    (folder / "tracked").write_text(tracked)
    (folder / "copy").write_text(copy)
    return merge(folder / "tracked", folder / "copy")


def test_keeps_the_salt_and_the_comments(tmp_path: Path) -> None:
    assert merged(tmp_path, TRACKED, "config: {}\nencryptionsalt: v1:abc\n") == f"{TRACKED}encryptionsalt: v1:abc\n"


@pytest.mark.parametrize(
    "tracked", [TRACKED, "config: {im:domain: chat.test}\n", "config: {}\n", "", "config:\n    im:domain: chat.test"]
)
def test_keeps_encrypted_values(tmp_path: Path, tracked: str) -> None:
    encrypted = {"im:key": {"secure": "v1:x:y="}, "im:store": {"login": {"secure": "v1:z"}}}
    copy = {"config": {"im:domain": "other", "im:plain": 1, **encrypted}, "encryptionsalt": "v1:abc"}
    document = yaml.safe_load(merged(tmp_path, tracked, yaml.safe_dump(copy)))
    plain = {"im:domain": "chat.test"} if "chat" in tracked else {}
    assert document == {"config": {**encrypted, **plain}, "encryptionsalt": "v1:abc"}


def test_a_tracked_value_wins_over_an_encrypted_one(tmp_path: Path) -> None:
    copy = "config:\n  im:domain: {secure: v1:x}\nencryptionsalt: v1:abc\n"
    assert merged(tmp_path, TRACKED, copy) == f"{TRACKED}encryptionsalt: v1:abc\n"


def test_a_tracked_salt_wins(tmp_path: Path) -> None:
    tracked = f"{TRACKED}encryptionsalt: v1:theirs\n"
    assert merged(tmp_path, tracked, "encryptionsalt: v1:ours\n") == tracked


def test_broken_tracked_text_is_named(tmp_path: Path) -> None:
    with pytest.raises(LabError) as error:
        merged(tmp_path, "config: [", "encryptionsalt: v1:ours\n")
    assert str(error.value).startswith(f"{tmp_path}/tracked: not YAML: ")


def test_refreshing_keeps_stacks_that_were_made_in_the_copy(tmp_path: Path) -> None:
    source, copy = tmp_path / "source", tmp_path / "copy"
    source.mkdir()
    (source / "Pulumi.dev.yaml").write_text(TRACKED)
    (source / "schema.json").write_bytes(b"\xff")
    refresh_copies(source, copy)
    (copy / "Pulumi.dev.yaml").write_text("config: {im:domain: other}\n")
    (copy / "Pulumi.empty.yaml").write_text("encryptionsalt: v1:abc\n")
    refresh_copies(source, copy)
    assert {file.name: file.read_bytes() for file in copy.iterdir()} == {
        "Pulumi.dev.yaml": TRACKED.encode(),
        "Pulumi.empty.yaml": b"encryptionsalt: v1:abc\n",
        "schema.json": b"\xff",
    }


def test_stack_files_that_went_away_are_named(tmp_path: Path) -> None:
    with pytest.raises(LabError) as error:
        refresh_copies(tmp_path / "gone", tmp_path / "copy")
    assert str(error.value) == (
        f"{tmp_path}/gone: the stack files this lab was made from are gone; name others with --stacks"
    )
