"""Files take their place in one step, and no symbolic link is ever followed."""

import os
from pathlib import Path

import pytest

from onprem.agent import files
from onprem.agent.errors import AgentError

ME = (os.getuid(), os.getgid())


def test_a_file_is_written_with_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "deep/er/file"

    files.write(str(path), b"text", 0o640, *ME)

    assert path.read_bytes() == b"text"
    found = files.look(str(path))
    assert (found.kind, found.mode, found.uid, found.gid, found.size) == ("file", 0o640, *ME, 4)
    assert [entry.name for entry in path.parent.iterdir()] == ["file"]


def test_a_staged_file_leaves_the_other_in_place(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")

    files.stage(str(path), b"new", 0o600, *ME)

    assert path.read_text() == "old"
    assert Path(files.staged(str(path))).read_text() == "new"
    files.place(str(path))
    assert path.read_text() == "new"


def test_a_planted_staged_link_is_not_written_through(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("safe")
    (tmp_path / ".file.onprem").symlink_to(victim)

    files.write(str(tmp_path / "file"), b"new", 0o600, *ME)

    assert victim.read_text() == "safe"
    assert (tmp_path / "file").read_text() == "new"


def test_a_link_in_the_place_of_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").symlink_to("/etc/passwd")

    with pytest.raises(AgentError) as caught:
        files.write(str(tmp_path / "file"), b"new", 0o600, *ME)

    assert str(caught.value) == (
        f"{tmp_path}/file is no regular file (symbolic link: /etc/passwd); remove it, or declare the path it leads to"
    )


def test_a_link_on_the_way_is_refused(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")

    assert files.look(f"{tmp_path}/link/file").kind == "symlink"
    with pytest.raises(AgentError) as caught:
        files.make_folder(f"{tmp_path}/link/folder", 0o755, *ME)

    assert str(caught.value) == (
        f"{tmp_path}/link is a symbolic link to {tmp_path}/real; managed paths do not follow links,"
        " so declare the path it leads to"
    )
    assert list((tmp_path / "real").iterdir()) == []


def test_a_directory_in_the_place_of_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").mkdir()

    with pytest.raises(AgentError) as caught:
        files.refuse_link(str(tmp_path / "file"))

    assert str(caught.value) == (
        f"{tmp_path}/file is no regular file (directory); remove it, or declare the path it leads to"
    )


def test_missing_folders_are_listed_outermost_first(tmp_path: Path) -> None:
    assert files.missing_folders(f"{tmp_path}/a/b/file") == [f"{tmp_path}/a", f"{tmp_path}/a/b"]


def test_a_folder_that_holds_something_stays(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full/file").touch()

    assert not files.remove_empty_folder(str(tmp_path / "full"))
    assert files.remove_empty_folder(str(tmp_path / "none"))


def test_an_unknown_owner_is_named() -> None:
    with pytest.raises(AgentError) as caught:
        files.uid_of("no-such-user")

    assert str(caught.value) == "there is no user no-such-user; declare it under users, or the package that brings it"
    assert files.uid_of("4711") == 4711
    assert files.owner_name(0) == "root"
