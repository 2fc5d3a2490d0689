"""Secrets that live files tell."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from onprem.agent import recall
from onprem.agent.declaration import parse


def told(folder: Path, files: Mapping[str, tuple[str, str]]) -> dict[str, str]:
    """What is recalled from files, each declared and live."""
    for name, (_, live) in files.items():
        (folder / name).write_text(live)
    declared = {str(folder / name): {"content": content} for name, (content, _) in files.items()}
    return recall.secrets(parse("greet", {"files": declared, "secrets": {"pw": "", "key": ""}}))


@pytest.mark.parametrize(
    ("declared", "live", "secrets"),
    [
        ("a: 1\npassword: ${secret:pw}\n", "password: hush.hush\nb: 2\n", {"pw": "hush.hush"}),
        ("*:*:*:im:${secret:pw}\n", "*:*:*:shop:x\n*:*:*:im:hush\n", {"pw": "hush"}),
        ("${secret:pw}", "hush", {"pw": "hush"}),
        ("${secret:pw}\n", "two words\n", {}),
        ("pw ${secret:pw}\n", "pw one\npw two\n", {}),
        ("${secret:key}\n", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", {}),
        ("a.b ${secret:pw}\n", "axb hush\n", {}),
    ],
)
def test_a_secret_is_what_stands_in_its_place_alone(
    tmp_path: Path, declared: str, live: str, secrets: Mapping[str, str]
) -> None:
    assert told(tmp_path, {"file": (declared, live)}) == secrets


def test_files_that_disagree_tell_nothing(tmp_path: Path) -> None:
    assert told(tmp_path, {"a": ("pw=${secret:pw}", "pw=one"), "b": ("pw ${secret:pw}", "pw two")}) == {}
    assert told(tmp_path, {"a": ("pw=${secret:pw}", "pw=one"), "b": ("pw ${secret:pw}", "pw one")}) == {"pw": "one"}


def test_lines_alike_leave_it_to_another_file(tmp_path: Path) -> None:
    alike = ("x: ${secret:pw}\nx: ${secret:key}\n", "x: one\nx: two\n")

    assert told(tmp_path, {"a": alike}) == {}
    assert told(tmp_path, {"a": alike, "b": ("pw=${secret:pw}\nkey=${secret:key}\n", "pw=one\nkey=two\n")}) == {
        "pw": "one",
        "key": "two",
    }


def test_a_file_that_is_not_there_tells_nothing(tmp_path: Path) -> None:
    assert recall.secrets(parse("greet", {"files": {f"{tmp_path}/no": {"content": "${secret:pw}"}}})) == {}
