"""Each tool is told the same: what is declared is found again in what each of them is given."""

import io
import tarfile
from typing import Any

import pytest

from benchmarks import floor, probe
from benchmarks.ansible import PLAYBOOK, variables
from benchmarks.engine import state
from benchmarks.items import SERVICES, services
from benchmarks.pyinfra_tool import operations
from onprem.declarations import ServiceShape, complete

DECLARED = services()
FILES = {file.path: file for service in DECLARED for file in service.files}
DIRECTORIES = {item.path: item for service in DECLARED for item in service.directories}
PACKAGES = [package for service in DECLARED for package in service.packages]

Place = tuple[str, str, str, str]
FILE_PLACES = {(path, file.content, file.mode, f"{file.owner}:{file.group}") for path, file in FILES.items()}
FOLDER_PLACES = {(path, "", item.mode, f"{item.owner}:{item.group}") for path, item in DIRECTORIES.items()}


def test_a_host_has_two_hundred_items() -> None:
    assert len(DECLARED) == SERVICES
    assert (len(FILES), len(DIRECTORIES), len(set(PACKAGES))) == (120, 40, 20)
    assert len(FILES) + len(DIRECTORIES) + len(PACKAGES) + SERVICES * 2 == 200


def test_a_revision_changes_one_line_of_one_file() -> None:
    old, new = ([file.content.splitlines() for each in services(revision=n) for file in each.files] for n in (0, 1))
    changed = [(a, b) for before, after in zip(old, new, strict=True) for a, b in zip(before, after, strict=True)]

    assert [pair for pair in changed if pair[0] != pair[1]] == [("revision = 0", "revision = 1")]


def test_ours_is_told_all_of_it() -> None:
    states = [state(service) for service in DECLARED]
    files = {(path, f["content"], f["mode"].lstrip("0"), _owner(f)) for s in states for path, f in s["files"].items()}
    folders = {(path, "", f["mode"].lstrip("0"), _owner(f)) for s in states for path, f in s["directories"].items()}

    assert (files, folders) == (FILE_PLACES, FOLDER_PLACES)
    assert [name for each in states for name in each["packages"]] == PACKAGES
    assert [name for each in states for name in (*each["users"], *each["units"])] == [
        name for service in DECLARED for name in (service.name, service.unit)
    ]


@pytest.mark.parametrize("service", DECLARED, ids=lambda service: service.name)
def test_ours_is_a_declaration_that_the_provider_takes(service: Any) -> None:
    assert complete(ServiceShape, {"host": "h1", "service": service.name, **state(service)})[1] == []


def test_pyinfra_is_told_all_of_it() -> None:
    told = list(operations(DECLARED))
    by_name = {name: [each.arguments for each in told if each.name == name] for name in {each.name for each in told}}
    files = {(a["dest"], a["src"], a["mode"], f"{a['user']}:{a['group']}") for a in by_name["files.put"]}
    folders = {(a["path"], "", a["mode"], f"{a['user']}:{a['group']}") for a in by_name["files.directory"]}

    assert (files, folders) == (FILE_PLACES, FOLDER_PLACES)
    assert by_name["apt.packages"] == [{"packages": PACKAGES, "no_recommends": True}]
    assert [a["user"] for a in by_name["server.user"]] == [service.name for service in DECLARED]
    assert [each.arguments["service"] for each in told if "running" in each.arguments] == [s.unit for s in DECLARED]


def test_ansible_is_told_all_of_it() -> None:
    told = variables(DECLARED)
    copies = [*told["unit_files"], *told["configs"]]
    files = {(f["path"], f["content"], f["mode"].lstrip("0"), _owner(f)) for f in copies}
    folders = {(f["path"], "", f["mode"].lstrip("0"), _owner(f)) for f in told["directories"]}

    assert (files, folders) == (FILE_PLACES, FOLDER_PLACES)
    assert told["packages"] == PACKAGES
    assert [account["name"] for account in told["accounts"]] == [service.name for service in DECLARED]
    assert told["units"] == [service.unit for service in DECLARED]
    assert sorted(f["reloads"] for f in copies if "reloads" in f) == sorted(told["units"])


def test_the_playbook_uses_every_variable() -> None:
    text = str(PLAYBOOK)

    assert [name for name in variables(DECLARED) if name not in text] == ["ansible_python_interpreter"]


def test_the_floor_unpacks_all_of_it() -> None:
    with tarfile.open(fileobj=io.BytesIO(floor.archive(DECLARED))) as tar:
        found = {_entry(tar, entry) for entry in tar.getmembers()}

    assert found == FILE_PLACES | FOLDER_PLACES


def test_the_probe_has_lines_for_every_item() -> None:
    lines = "\n".join(probe.lines(DECLARED))
    names = [*FILES, *DIRECTORIES, *PACKAGES, *(word for s in DECLARED for word in (s.name, s.unit))]

    assert [name for name in names if name not in lines] == []
    assert len(lines.splitlines()) == 120 * 2 + 40 + 20 + 10 * 2 + 10


def _owner(item: Any) -> str:
    return f"{item['owner']}:{item['group']}"


def _entry(tar: tarfile.TarFile, entry: tarfile.TarInfo) -> Place:
    content = tar.extractfile(entry)
    return (
        f"/{entry.name}",
        content.read().decode() if content else "",
        f"{entry.mode:o}",
        f"{entry.uname}:{entry.gname}",
    )
