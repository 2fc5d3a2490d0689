"""A certificate that a site brings is checked before anything is deployed with it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from components.problems import SettingsError
from components.settings import DeploymentSettings
from tests.components.network.conftest import pem, write_site
from tests.recording import as_config, settings_of
from tests.topologies import TEST


def load(folder: Path, tls_key: str = "", **changes: Any) -> DeploymentSettings:
    """Loads the topology `test` with the certificate of `folder`."""
    own = {"kind": "files", "certificate_file": f"{folder}/certificate.pem", "key_file": f"{folder}/key.pem", **changes}
    more = {"im:tls_key": tls_key} if tls_key else {}
    return settings_of(as_config({**TEST, "im:certificates": own, **more}), ["im:tls_key"])


def mistakes(folder: Path, tls_key: str = "", **changes: Any) -> str:
    """The whole message."""
    with pytest.raises(SettingsError) as error:
        load(folder, tls_key, **changes)
    return str(error.value)


def test_a_good_one_is_taken(site_certificate: Path) -> None:
    assert load(site_certificate).certificates.kind == "files"


def test_its_key_may_be_encrypted_in_the_stack_file(site_certificate: Path) -> None:
    load(site_certificate, tls_key=(site_certificate / "key.pem").read_text(), key_file=None)


def test_a_wildcard_covers_the_domain(tmp_path: Path) -> None:
    load(write_site(tmp_path, domain="*.test.test"))


def test_without_any_key_it_is_refused(site_certificate: Path) -> None:
    assert mistakes(site_certificate, key_file=None) == (
        "im:tls_key: missing; run pulumi config set --secret tls_key <KEY_FILE, or name a key_file"
    )


def test_without_a_certificate_it_is_refused(site_certificate: Path) -> None:
    assert mistakes(site_certificate, certificate_file=None) == (
        "im:certificates.certificate_file: missing; with kind: files, name the PEM file of the certificate"
    )


def test_a_file_that_is_not_there_is_named(site_certificate: Path) -> None:
    assert mistakes(site_certificate, certificate_file="/none.pem") == (
        "im:certificates.certificate_file: /none.pem cannot be read (No such file or directory); "
        "give the path of a PEM file"
    )


def test_what_is_no_certificate_is_refused(site_certificate: Path) -> None:
    (site_certificate / "certificate.pem").write_text("hello\n")
    assert mistakes(site_certificate) == (
        "im:certificates.certificate_file: holds no certificate; a PEM text, BEGIN CERTIFICATE, is expected"
    )


def test_what_is_no_key_is_refused_and_not_shown(site_certificate: Path) -> None:
    (site_certificate / "key.pem").write_text("canary-of-a-key\n")
    assert mistakes(site_certificate) == (
        "im:certificates.key_file: is no private key without a passphrase; a PEM text, BEGIN PRIVATE KEY, is expected"
    )


def test_the_key_of_another_certificate_is_refused(site_certificate: Path) -> None:
    (site_certificate / "key.pem").write_text(pem(ec.generate_private_key(ec.SECP256R1())))
    assert mistakes(site_certificate) == (
        "im:certificates.key_file: is not the key of the certificate; bring the key that the certificate was made for"
    )


def test_one_for_another_domain_is_refused(tmp_path: Path) -> None:
    assert mistakes(write_site(tmp_path, domain="www.example.org")) == (
        "im:certificates.certificate_file: is for www.example.org and not for chat.test.test; "
        "bring one with the domain among its subject alternative names"
    )


def test_an_expired_one_is_refused(tmp_path: Path) -> None:
    folder = write_site(tmp_path, starts=timedelta(days=-9), ends=timedelta(days=-2))
    ended = (datetime.now(UTC) + timedelta(days=-2)).strftime("%Y-%m-%d")
    assert mistakes(folder) == (f"im:certificates.certificate_file: expired on {ended}; bring one that is valid")


def test_one_of_the_future_is_refused(tmp_path: Path) -> None:
    folder = write_site(tmp_path, starts=timedelta(days=2))
    starts = (datetime.now(UTC) + timedelta(days=2)).strftime("%Y-%m-%d")
    assert mistakes(folder) == (f"im:certificates.certificate_file: is valid from {starts}; bring one valid by now")
