"""A stranger's tarball: what is unpacked, and what is refused before anything is written."""

import io
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from components.text import render

Member = tuple[str, Callable[[tarfile.TarInfo], None] | None]


@pytest.fixture
def unpack(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    script = tmp_path / "unpack"
    script.write_text(render("package/unpack.j2"))

    def run(
        *members: Member, megabytes: int = 1, content: bytes = b"#!/bin/sh\n", replaced_by: bytes = b""
    ) -> subprocess.CompletedProcess[str]:
        path = tmp_path / "package.tar.gz"
        with tarfile.open(path, "w:gz") as tarball:
            for name, change in members:
                info = tarfile.TarInfo(name)
                info.mode, info.size = 0o755, len(content)
                if change:
                    change(info)
                tarball.addfile(info, io.BytesIO(content) if info.isreg() else None)
        path.write_bytes(replaced_by or path.read_bytes())
        command = [sys.executable, "-I", str(script), str(path), str(tmp_path / "out"), str(megabytes)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    return run


def kind(letter: bytes, target: str = "") -> Callable[[tarfile.TarInfo], None]:
    def change(info: tarfile.TarInfo) -> None:
        info.type, info.linkname, info.size = letter, target, 0

    return change


def mode(bits: int) -> Callable[[tarfile.TarInfo], None]:
    def change(info: tarfile.TarInfo) -> None:
        info.mode = bits

    return change


INSTALL: Member = ("install.sh", None)
Unpack = Callable[..., subprocess.CompletedProcess[str]]


def test_unpacks_files_folders_and_links_that_stay_inside(unpack: Unpack, tmp_path: Path) -> None:
    done = unpack(
        INSTALL,
        ("lib", kind(tarfile.DIRTYPE)),
        ("lib/a", mode(0o600)),
        ("lib/b", kind(tarfile.SYMTYPE, "../install.sh")),
    )
    assert done.returncode == 0, done.stderr
    out = tmp_path / "out"
    assert (out / "install.sh").stat().st_mode & 0o7777 == 0o755
    assert (out / "lib/a").stat().st_mode & 0o7777 == 0o644
    assert (out / "lib/b").read_text() == "#!/bin/sh\n"


def test_takes_away_the_one_outer_folder(unpack: Unpack, tmp_path: Path) -> None:
    assert unpack(("chat-1/install.sh", None), ("chat-1/lib/a", None)).returncode == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["install.sh", "lib"]


OUT = "leads out of its folder"
NO_FILE = "is a device, a pipe or something else that is no file"


@pytest.mark.parametrize(
    ("member", "reason"),
    [
        (("../evil", None), f"'../evil' {OUT}"),
        (("lib/../../evil", None), f"'lib/../../evil' {OUT}"),
        (("/etc/evil", None), f"'/etc/evil' {OUT}"),
        (("link", kind(tarfile.SYMTYPE, "/etc/passwd")), "'link' is a link to '/etc/passwd', out of its folder"),
        (("lib/link", kind(tarfile.SYMTYPE, "../../evil")), f"'lib/../../evil' {OUT}"),
        (("link", kind(tarfile.LNKTYPE, "../evil")), f"'../evil' {OUT}"),
        (("null", kind(tarfile.CHRTYPE)), f"'null' {NO_FILE}"),
        (("disk", kind(tarfile.BLKTYPE)), f"'disk' {NO_FILE}"),
        (("pipe", kind(tarfile.FIFOTYPE)), f"'pipe' {NO_FILE}"),
        (("tool", mode(0o4755)), "'tool' is setuid or setgid"),
        (("tool", mode(0o2755)), "'tool' is setuid or setgid"),
        (("install.sh", None), "'install.sh' is in it twice"),
    ],
)
def test_refuses(unpack: Unpack, tmp_path: Path, member: Member, reason: str) -> None:
    done = unpack(INSTALL, member)
    assert done.returncode == 1
    assert done.stderr == f"the tarball is refused: {reason}\n"
    assert not (tmp_path / "out").exists()


def test_refuses_to_write_through_a_link(unpack: Unpack, tmp_path: Path) -> None:
    done = unpack(INSTALL, ("lib", kind(tarfile.SYMTYPE, "other")), ("lib/a", None))
    assert done.stderr == "the tarball is refused: 'lib/a' would be written through the link 'lib'\n"
    assert not (tmp_path / "out").exists()


def test_refuses_what_is_larger_than_allowed(unpack: Unpack, tmp_path: Path) -> None:
    done = unpack(INSTALL, ("big", None), content=bytes(900_000))
    assert done.stderr == (
        "the tarball is refused: it holds more than 100000 files or 1 MB; see im:package.max_unpacked_megabytes\n"
    )
    assert not (tmp_path / "out").exists()


def test_refuses_a_tarball_without_install_sh(unpack: Unpack, tmp_path: Path) -> None:
    assert unpack(("a/readme", None), ("b/readme", None)).stderr == (
        "the tarball is refused: it has no install.sh at its top\n"
    )
    assert not (tmp_path / "out").exists()


def test_refuses_what_is_no_tarball(unpack: Unpack, tmp_path: Path) -> None:
    done = unpack(INSTALL, replaced_by=b"no tarball")
    assert done.returncode == 1
    assert done.stderr == "the tarball is refused: it is no tarball that this machine can read\n"
