"""What verify says of a deployment that is broken by hand."""

import re

import pytest

from tests.lab.deployed import Deployed

HOST = "dev1"


@pytest.mark.parametrize(
    ("unit", "sentence"),
    [
        ("haproxy", r"WebSocket, \S+ port 443: nothing listens there; is HAProxy running, and does the firewall"),
        ("ejabberd", rf"{HOST}: account add: "),
    ],
)
def test_names_what_does_not_work(deployed: Deployed, unit: str, sentence: str) -> None:
    deployed.lab.ssh(HOST, f"systemctl stop {unit}")
    try:
        done = deployed.verify(check=False)
    finally:
        deployed.apply()

    assert done.returncode == 1
    assert re.search(sentence, done.stderr)
    deployed.verify()


def test_a_name_that_the_certificate_does_not_have_is_refused(deployed: Deployed) -> None:
    kept = deployed.saved / f"{deployed.lab.stack}.json"
    text = kept.read_text()
    kept.write_text(text.replace('"domain": "chat.dev.test"', '"domain": "chat.other.test"'))
    try:
        done = deployed.verify(check=False)
    finally:
        kept.write_text(text)

    assert done.returncode == 1
    assert "direct TLS" in done.stderr
    assert "the certificate is not to be trusted: Hostname mismatch" in done.stderr


def test_leaves_no_account_behind(deployed: Deployed) -> None:
    deployed.verify()

    assert "verify-" not in deployed.lab.ssh(HOST, "ejabberdctl registered_users chat.dev.test").stdout
