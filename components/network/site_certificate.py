"""Checks the certificate that a site brings for its domain: it parses, is in force, names the domain, fits its key."""

from collections.abc import Generator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from components.problems import Problem

if TYPE_CHECKING:
    from components.settings import DeploymentSettings

PATH = "im:certificates"


def problems(settings: "DeploymentSettings", tls_key: str) -> Iterator[Problem]:
    """`tls_key` is the text of `im:tls_key`, empty when the stack file has none."""
    own = settings.certificates
    if own.kind == "internal":
        return
    if own.certificate_file is None:
        yield Problem(f"{PATH}.certificate_file", "missing", "with kind: files, name the PEM file of the certificate")
        return
    text = yield from content(own.certificate_file, "certificate_file")
    if text:
        yield from certificate_problems(text, settings.domain)
    if own.ca_file:
        yield from content(own.ca_file, "ca_file")
    key = (yield from content(own.key_file, "key_file")) if own.key_file else tls_key
    where = f"{PATH}.key_file" if own.key_file else "im:tls_key"
    if not own.key_file and not tls_key:
        yield Problem(where, "missing", "run pulumi config set --secret tls_key <KEY_FILE, or name a key_file")
    if text and key:
        yield from key_problems(text, key, where)


def content(path: Path, field: str) -> Generator[Problem, None, str]:
    """Returns the text of a file, empty after a problem."""
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "not a text"
        yield Problem(f"{PATH}.{field}", f"{path} cannot be read ({reason})", "give the path of a PEM file")
        return ""


def certificate_problems(text: str, domain: str) -> Iterator[Problem]:
    """What is wrong with the first certificate of a chain."""
    where = f"{PATH}.certificate_file"
    certificate = parsed(text)
    if certificate is None:
        yield Problem(where, "holds no certificate", "a PEM text, BEGIN CERTIFICATE, is expected")
        return
    now = datetime.now(UTC)
    if certificate.not_valid_after_utc <= now:
        yield Problem(where, f"expired on {certificate.not_valid_after_utc:%Y-%m-%d}", "bring one that is valid")
    if certificate.not_valid_before_utc > now:
        yield Problem(where, f"is valid from {certificate.not_valid_before_utc:%Y-%m-%d}", "bring one valid by now")
    names = names_of(certificate)
    if not {domain, f"*.{domain.partition('.')[2]}"} & set(names):
        wrong = f"is for {', '.join(names) or 'no name'} and not for {domain}"
        yield Problem(where, wrong, "bring one with the domain among its subject alternative names")


def key_problems(text: str, key: str, where: str) -> Iterator[Problem]:
    """Whether `key` is readable and belongs to the certificate. Nothing of the key is shown."""
    certificate = parsed(text)
    try:
        public = load_pem_private_key(key.encode(), password=None).public_key()
    except (ValueError, TypeError):
        yield Problem(where, "is no private key without a passphrase", "a PEM text, BEGIN PRIVATE KEY, is expected")
        return
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if certificate and certificate.public_key().public_bytes(*form) != public.public_bytes(*form):
        yield Problem(where, "is not the key of the certificate", "bring the key that the certificate was made for")


def parsed(text: str) -> x509.Certificate | None:
    """The first certificate of a PEM text."""
    try:
        return x509.load_pem_x509_certificate(text.encode())
    except ValueError:
        return None


def names_of(certificate: x509.Certificate) -> list[str]:
    """Its DNS names. Clients stopped to read the common name long ago (RFC 6125, 6.4.4)."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return names.get_values_for_type(x509.DNSName)
