"""The manifest on a host, as somebody left it."""

from pathlib import Path

import pytest

from onprem.agent import manifest
from onprem.agent.errors import AgentError
from onprem.agent.manifest import Manifest


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    path, written = tmp_path / "manifest.json", Manifest({"files": {}}, packages=["bc"], secret_digests={"pw": "0"})
    path.write_bytes(written.encode())

    assert manifest.read(path) == written
    assert manifest.read(tmp_path / "none") is None


@pytest.mark.parametrize("text", ["", "x\n", "[]", "{}", "\udcff", '{"declared": 1, "before": {}}', '{"before": 7}'])
def test_a_damaged_one_says_where_it_is_and_what_to_do(tmp_path: Path, text: str) -> None:
    path = tmp_path / "manifest.json"
    path.write_bytes(text.encode(errors="surrogateescape"))

    with pytest.raises(AgentError) as caught:
        manifest.read(path)

    assert str(caught.value) == (
        f"{path} was damaged; restore it, or remove it: then the next change writes it anew, and what the host had"
        " before us is forgotten"
    )
