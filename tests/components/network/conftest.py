"""A certificate such as a site would bring, with its CA."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

DOMAIN = "chat.test.test"
Key = ec.EllipticCurvePrivateKey


def name(text: str) -> x509.Name:
    """A subject or an issuer."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def issue(key: Key, signer: Key, domain: str, issuer: str, starts: timedelta, ends: timedelta) -> str:
    """A certificate for `domain`, valid from now + starts to now + ends, PEM."""
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name(issuer), name(domain), key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now + starts).not_valid_after(now + ends)
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(domain)]), critical=False)
    return builder.sign(signer, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def pem(key: Key) -> str:
    """An unencrypted key."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def write_site(
    folder: Path, domain: str = DOMAIN, starts: timedelta = timedelta(days=-1), ends: timedelta = timedelta(days=9)
) -> Path:
    """certificate.pem (with its chain), key.pem and ca.pem."""
    key, ca_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca = issue(ca_key, ca_key, "site-ca.example.org", "site-ca.example.org", timedelta(days=-9), timedelta(days=99))
    leaf = issue(key, ca_key, domain, "site-ca.example.org", starts, ends)
    (folder / "certificate.pem").write_text(leaf + ca)
    (folder / "key.pem").write_text(pem(key))
    (folder / "ca.pem").write_text(ca)
    return folder


@pytest.fixture
def site_certificate(tmp_path: Path) -> Path:
    """The folder of a good one for the domain of the topology `test`."""
    return write_site(tmp_path)
