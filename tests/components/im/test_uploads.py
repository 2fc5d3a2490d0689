"""Copies of uploads: who sends what to whom, who may, and that a loss at one end is not sent to the other."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.im.ejabberd_files import CONFIG, REPLICAS, UPLOADS
from components.im.uploads import MODULES, RECEIVING, RESTORE, RSYNC, SENDING
from components.network.firewall import RULES
from tests.topologies import recorded


def text(path: str, host: str = "im1") -> str:
    return recorded("test").files(host)[path]


def restore(folder: Path, rsync: str = "exit 0") -> subprocess.CompletedProcess[str]:
    """Runs the program of im1 that takes files back; `uploads` in `folder` is where they belong."""
    (folder / "uploads").mkdir(exist_ok=True)
    (folder / "rsync").write_text(f'#!/bin/sh\necho "$*" >>{folder}/asked\n{rsync}\n')
    (folder / "rsync").chmod(0o755)
    script = text(RESTORE).replace(RSYNC, str(folder / "rsync")).replace(UPLOADS, str(folder / "uploads"))
    return subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=False)


def test_only_ejabberd_on_several_hosts_copies() -> None:
    assert {"im1/uploads", "im2/uploads"} <= set(recorded("test").services)
    assert "dev1/uploads" not in recorded("dev").services
    assert "im1/uploads" not in recorded("package").services


def test_each_host_sends_its_own_files_to_the_others() -> None:
    assert re.findall(r'(source|target) = "(.*)"', text(SENDING)) == [("source", UPLOADS), ("target", "im2::im1")]
    assert re.findall(r"^\[(.*)\]|path = (.*)$", text(MODULES, "im2"), re.MULTILINE) == [
        ("im1", ""),
        ("", f"{REPLICAS}/im1"),
    ]


def test_files_that_are_gone_at_a_start_are_not_deleted_elsewhere() -> None:
    assert 'delete = "running"' in text(SENDING)


def test_both_ends_prove_to_be_im_hosts() -> None:
    assert "verifyChain = yes\n" in text(RECEIVING)
    assert re.findall(r"checkHost = (.*)", text(RECEIVING)) == ["im1", "im2"]
    assert "RSYNC_SSL_CA_CERT=/etc/im-uploads/ca.pem RSYNC_SSL_CERT=/etc/im-uploads/certificate.pem " in text(RSYNC)


def test_only_im_hosts_reach_the_port() -> None:
    assert 'ip saddr @im4 tcp dport { 8730 } accept comment "uploads"' in recorded("prod").files("im1")[RULES]
    assert "8730" not in recorded("prod").files("lb1")[RULES]


@pytest.mark.parametrize(("topology", "host"), [("test", "im1"), ("dev", "dev1")])
def test_copies_are_given_out_under_the_name_of_their_owner(topology: str, host: str) -> None:
    """By a host that was left alone, too."""
    parsed: dict[str, Any] = yaml.safe_load(recorded(topology).files(host)[CONFIG])
    handlers = list(parsed["listen"][2]["request_handlers"].items())
    own = handlers.index((f"/upload/{host}", "mod_http_upload"))
    others = handlers.index(("/upload", "mod_http_fileserver"))
    assert own < others
    served = parsed["modules"]["mod_http_fileserver"]
    assert served["docroot"] == REPLICAS
    assert served["custom_headers"]["Content-Disposition"] == "attachment"


def test_a_host_built_anew_takes_its_files_back(tmp_path: Path) -> None:
    assert restore(tmp_path).returncode == 0
    assert (tmp_path / "asked").read_text() == f"--archive --timeout=10 im2::im1/ {tmp_path}/uploads/\n"


def test_a_host_with_files_asks_nobody(tmp_path: Path) -> None:
    (tmp_path / "uploads" / "user").mkdir(parents=True)
    assert restore(tmp_path).returncode == 0
    assert not (tmp_path / "asked").exists()


def test_a_first_host_starts_without_the_others(tmp_path: Path) -> None:
    done = restore(tmp_path, "exit 10")
    assert (done.returncode, done.stderr) == (0, "no uploads of im1 from im2\n")
