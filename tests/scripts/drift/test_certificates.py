"""When certificates end."""

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from commands.drift.certificates import in_files, in_values
from commands.drift.findings import Certificate
from commands.drift.state import State

BEGIN = datetime(2030, 1, 1, tzinfo=UTC)


def pem(name: str, days: int) -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder(subject, subject, key.public_key(), 1, BEGIN, BEGIN + timedelta(days=days))
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )
    return made.decode()


def certificate(name: str, subject: str, days: int) -> Certificate:
    return Certificate("web1", "nginx", name, subject, BEGIN + timedelta(days=days))


def test_of_a_chain_the_part_that_ends_first_counts() -> None:
    values = {"chain": pem("leaf", 30) + pem("between", 10), "broken": pem("x", 1)[:60] + "-----END CERTIFICATE-----\n"}
    state = State("pulumi", {}, ({"host": "web1", "service": "nginx", "values": {**values, "other": "text"}},))

    assert list(in_values(state)) == [certificate("chain", "CN=between", 10)]


def test_a_certificate_that_stands_in_a_live_file_is_named_by_its_path() -> None:
    live = {"files": {"/etc/a.pem": {"content": pem("brought", 20)}, "/etc/b.pem": {"content": "${value:chain}\n"}}}

    assert list(in_files({"host": "web1", "service": "nginx"}, live)) == [certificate("/etc/a.pem", "CN=brought", 20)]
