"""The engine's release, fetched from a server of this test."""

import hashlib
import io
import tarfile
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from commands.quickstart import QuickstartError, release
from commands.quickstart.release import Release


class Quiet(SimpleHTTPRequestHandler):
    """Says nothing on the console."""

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class's name
        """Nothing."""


@pytest.fixture
def published(tmp_path: Path) -> Iterator[Release]:
    folder = tmp_path / "published"
    (folder / "v1.2.3").mkdir(parents=True)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    one = Release("1.2.3", archives=url, checksums=url)
    content = _archive()
    (folder / one.archive).write_bytes(content)
    (folder / "v1.2.3" / "pulumi-1.2.3-checksums.txt").write_text(
        f"{'0' * 64}  pulumi-v1.2.3-windows-x64.zip\n{hashlib.sha256(content).hexdigest()}  {one.archive}\n"
    )
    yield one
    server.shutdown()
    server.server_close()


def _archive() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        program = b"#!/bin/sh\necho v1.2.3\n"
        entry = tarfile.TarInfo("pulumi/pulumi")
        entry.size, entry.mode = len(program), 0o755
        archive.addfile(entry, io.BytesIO(program))
    return buffer.getvalue()


def test_fetches_checks_and_unpacks(published: Release, tmp_path: Path) -> None:
    programs = published.fetch(tmp_path / "engine" / "pulumi-1.2.3", lambda text: None)

    assert (programs / "pulumi").stat().st_mode & 0o111
    assert [each.name for each in programs.parent.iterdir()] == ["pulumi-1.2.3"]


def test_refuses_an_archive_that_is_not_the_published_one(published: Release, tmp_path: Path) -> None:
    archive = tmp_path / "published" / published.archive
    wanted = hashlib.sha256(archive.read_bytes()).hexdigest()
    archive.write_bytes(b"another")

    with pytest.raises(QuickstartError) as refused:
        published.fetch(tmp_path / "engine" / "one", lambda text: None)

    found = hashlib.sha256(b"another").hexdigest()
    expected = f"{published.archive}: sha256 is {found}, its release publishes {wanted}; not used"
    assert str(refused.value) == expected
    assert list((tmp_path / "engine").iterdir()) == []


def test_refuses_an_archive_without_a_checksum(published: Release, tmp_path: Path) -> None:
    (tmp_path / "published" / "v1.2.3" / "pulumi-1.2.3-checksums.txt").write_text("")

    with pytest.raises(QuickstartError) as refused:
        published.fetch(tmp_path / "one", lambda text: None)

    assert str(refused.value) == f"{published.archive}: not in the checksums that the release publishes; not used"


def test_says_that_a_release_does_not_exist(published: Release, tmp_path: Path) -> None:
    other = Release("9.9.9", archives=published.archives, checksums=published.checksums)

    with pytest.raises(QuickstartError) as refused:
        other.fetch(tmp_path / "one", lambda text: None)

    url = f"{published.checksums}/v9.9.9/pulumi-9.9.9-checksums.txt"
    assert str(refused.value) == f"{url}: File not found"


def test_gives_up_on_a_site_that_does_not_answer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    waiting = threading.Event()
    monkeypatch.setattr(release, "ANSWER_SECONDS", 0.1)
    monkeypatch.setattr(release, "_open", lambda url: waiting.wait(30))

    with pytest.raises(QuickstartError) as refused:
        Release("1.2.3").fetch(tmp_path / "one", lambda text: None)
    waiting.set()

    assert str(refused.value).endswith("/v1.2.3/pulumi-1.2.3-checksums.txt does not answer within 0.1 s")


def test_says_for_which_machines_there_is_no_release(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "riscv64")

    with pytest.raises(QuickstartError) as refused:
        _ = Release("1.2.3").archive

    assert str(refused.value) == "Pulumi is not released for riscv64"
