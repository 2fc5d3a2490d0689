"""A vendor's package: its settings, what is handed over, what runs on this machine."""

import hashlib
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pydantic
import pytest

from components.im.package import DECLARATION, VALUES, PackageSettings
from components.text import render
from tests.recording import Registered, as_config, run
from tests.topologies import PACKAGE, recorded

GIVEN: dict[str, Any] = dict(PACKAGE["im:package"])


def command(host: str = "im1") -> Registered:
    found = {resource.name: resource for resource in recorded("package").of("command:local:Command")}
    return found[f"{host}-package"]


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("sha256", "abc", "abc is no SHA-256; run sha256sum on the tarball and write its 64 hexadecimal digits"),
        (
            "source",
            "http://x.example.org/a.tar",
            "http://x.example.org/a.tar is refused; use https://, or the path of a file",
        ),
        ("source", "it's.tar", "it's.tar is no path; leave out quotes and backslashes"),
        (
            "version",
            "../1",
            "../1 cannot be part of a path; use lower-case letters, digits, '.', '+', '~' and '-'",
        ),
    ],
)
def test_refuses(field: str, value: str, message: str) -> None:
    with pytest.raises(pydantic.ValidationError) as error:
        PackageSettings.model_validate({**GIVEN, field: value})
    assert [str(each["ctx"]["error"]) for each in error.value.errors()] == [message]


def test_the_values_are_for_root_and_hold_the_passwords_as_references() -> None:
    file = recorded("package").services["im1/package"].inputs["files"][VALUES]
    assert file["mode"] == "0600"
    passwords = re.findall(r'^IM_(\w+)_PASSWORD="(.*)"$', file["content"], re.MULTILINE)
    assert passwords == [
        ("DATABASE", "${secret:database_password}"),
        ("QUEUE", "${secret:queue_password}"),
        ("CACHE", "${secret:cache_password}"),
    ]


def test_a_shell_can_read_the_values(tmp_path: Path) -> None:
    path = tmp_path / "package.env"
    path.write_text(recorded("package").files("im1")[VALUES].replace("${secret:", "").replace("_password}", ""))
    script = f'set -eu; . {path}; echo "$IM_DOMAIN $IM_ADDRESS $IM_LOAD_BALANCERS $IM_DATABASE_NAME"'
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "chat.test.test 10.77.2.11 10.77.2.11 10.77.2.12 package\n"


def test_a_runtime_is_a_package_of_the_distribution() -> None:
    assert recorded("package").services["im1/package"].inputs["packages"] == {"default-jre-headless": ""}


def test_its_command_holds_no_secret_and_its_environment_is_one() -> None:
    inputs = command().inputs
    assert "password" not in "".join(inputs["interpreter"])
    assert inputs["create"] == "install chat 1.0 on im1"
    assert "environment" in command().secret
    assert list(inputs["environment"]) == ["CONFIGURATION"]
    assert inputs["logging"] == "none"


def test_it_is_installed_again_when_what_it_was_given_changes() -> None:
    def fingerprint(**changes: Any) -> str:
        program = run(as_config({**PACKAGE, **changes}), "package")
        found = next(each for each in program.of("command:local:Command") if each.name == "im1-package")
        return str(found.inputs["environment"]["CONFIGURATION"])

    assert fingerprint() == fingerprint()
    assert fingerprint() != fingerprint(**{"im:domain": "other.example.org"})


def test_hosts_are_changed_one_after_the_other() -> None:
    program = recorded("package")
    last_of_first = program.services["im1/package-units"].urn
    first_of_second = program.services["im2/package"]
    assert last_of_first in first_of_second.dependencies
    assert command().urn in program.services["im1/package-units"].dependencies


def test_what_runs_is_the_declared_version() -> None:
    inputs = recorded("package").services["im1/package-units"].inputs
    assert inputs["steps"]["version"]["want"] == f"1.0 sha256 {'0' * 64}"
    assert list(inputs["units"]) == ["chat.service"]
    assert '"version": "1.0"' in recorded("package").files("im1")[DECLARATION]


@pytest.fixture
def send(tmp_path: Path) -> Any:
    """Runs the script that sends a tarball, with an ssh that writes down what it is given."""
    (tmp_path / "ssh").write_text('#!/bin/sh\necho "$@"\ncat\n')
    (tmp_path / "ssh").chmod(0o755)

    def run_script(source: str, sha256: str, verb: str = "install") -> subprocess.CompletedProcess[str]:
        names = {"source": source, "sha256": sha256, "login": "root@10.77.2.11", "tool": "/tool", "ssh_options": "-T"}
        command = ["/bin/sh", "-c", render("package/send.sh.j2", **names), f"{verb} chat 1.0"]
        environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "ONPREM_SSH_CONFIG": "/a b"}
        return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)

    return run_script


def test_sends_the_tarball(send: Any, tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_text("content")
    done = send(str(tmp_path / "a.tar"), hashlib.sha256(b"content").hexdigest())
    assert done.stdout == "-F /a b -T root@10.77.2.11 /tool install\ncontent"


def test_removes_without_a_tarball(send: Any) -> None:
    assert send("nowhere.tar", "0" * 64, "remove").stdout == "-F /a b -T root@10.77.2.11 /tool remove\n"


def test_does_not_send_another_tarball(send: Any, tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_text("other")
    done = send(f"{tmp_path}/a.tar", "0" * 64)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == (
        f"im:package.sha256: {tmp_path}/a.tar has the SHA-256 {hashlib.sha256(b'other').hexdigest()}; "
        "if that is what the vendor publishes, write it there\n"
    )


def test_says_that_there_is_no_tarball(send: Any) -> None:
    assert send("nowhere.tar", "0" * 64).stderr == (
        "im:package.source: there is no file nowhere.tar; write its path, relative to the project, or a https URL\n"
    )
