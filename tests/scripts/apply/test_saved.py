"""The file of generated values."""

from pathlib import Path

import pytest

from commands.apply import ApplyError
from commands.apply.saved import Resource, opened, saved_path


def test_finds_again_what_it_kept(tmp_path: Path) -> None:
    resource = Resource("id", {"length": 3}, {"result": "abc"})
    with opened(tmp_path, "one") as saved:
        saved.keep("urn", resource)
        saved.export({"ca": "pem"})

    with opened(tmp_path, "one") as saved:
        assert saved.resources == {"urn": resource}
        assert saved.outputs == {"ca": "pem"}


def test_is_for_its_owner_only(tmp_path: Path) -> None:
    with opened(tmp_path / "new", "one") as saved:
        saved.export({})

    assert saved_path(tmp_path / "new", "one").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700


def test_refuses_a_file_that_others_may_read(tmp_path: Path) -> None:
    path = saved_path(tmp_path, "one")
    path.write_text("{}")
    path.chmod(0o644)

    with pytest.raises(ApplyError) as refused, opened(tmp_path, "one"):
        pass

    assert str(refused.value) == f"{path}: others may read it, and it holds secrets; run: chmod 600 {path}"


def test_serves_one_run_at_a_time(tmp_path: Path) -> None:
    with opened(tmp_path, "one"), pytest.raises(ApplyError) as refused, opened(tmp_path, "one"):
        pass

    assert str(refused.value) == "one: another run is at work on it; wait for that one to end"
