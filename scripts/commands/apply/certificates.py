"""Stand-ins for pulumi-tls's CertRequest, SelfSignedCert and LocallySignedCert: real X.509 certificates."""

import hashlib
import ipaddress
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID as Extended
from cryptography.x509.oid import NameOID

from commands.apply.keys import PrivateKey, algorithm, load_key

KEY_USES = {
    "digital_signature": "digital_signature",
    "content_commitment": "content_commitment",
    "key_encipherment": "key_encipherment",
    "data_encipherment": "data_encipherment",
    "key_agreement": "key_agreement",
    "cert_signing": "key_cert_sign",
    "crl_signing": "crl_sign",
    "encipher_only": "encipher_only",
    "decipher_only": "decipher_only",
}
EXTENDED_USES = {
    "any_extended": Extended.ANY_EXTENDED_KEY_USAGE,
    "server_auth": Extended.SERVER_AUTH,
    "client_auth": Extended.CLIENT_AUTH,
    "code_signing": Extended.CODE_SIGNING,
    "email_protection": Extended.EMAIL_PROTECTION,
    "timestamping": Extended.TIME_STAMPING,
    "ocsp_signing": Extended.OCSP_SIGNING,
}
NAMES = {
    "commonName": NameOID.COMMON_NAME,
    "country": NameOID.COUNTRY_NAME,
    "locality": NameOID.LOCALITY_NAME,
    "organization": NameOID.ORGANIZATION_NAME,
    "organizationalUnit": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "postalCode": NameOID.POSTAL_CODE,
    "province": NameOID.STATE_OR_PROVINCE_NAME,
    "serialNumber": NameOID.SERIAL_NUMBER,
}

Properties = dict[str, Any]


def cert_request(inputs: Mapping[str, Any]) -> tuple[str, Properties]:
    """CertRequest."""
    key = load_key(inputs["privateKeyPem"])
    builder = x509.CertificateSigningRequestBuilder().subject_name(_subject(inputs))
    if names := _names(inputs):
        builder = builder.add_extension(names, critical=False)
    pem = builder.sign(key, _hash(key)).public_bytes(serialization.Encoding.PEM).decode()
    identity = hashlib.sha256(pem.encode()).hexdigest()
    return identity, {"certRequestPem": pem, "keyAlgorithm": algorithm(key)}


def self_signed_cert(inputs: Mapping[str, Any]) -> tuple[str, Properties]:
    """SelfSignedCert."""
    key = load_key(inputs["privateKeyPem"])
    name = _subject(inputs)
    builder = _builder(inputs, name, name, key.public_key())
    if names := _names(inputs):
        builder = builder.add_extension(names, critical=False)
    if inputs.get("setAuthorityKeyId"):
        builder = builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), False)
    identity, properties = _issue(builder, key, inputs)
    return identity, {**properties, "keyAlgorithm": algorithm(key)}


def locally_signed_cert(inputs: Mapping[str, Any]) -> tuple[str, Properties]:
    """LocallySignedCert: the request's subject and names, signed by the given authority."""
    key = load_key(inputs["caPrivateKeyPem"])
    authority = x509.load_pem_x509_certificate(inputs["caCertPem"].encode())
    request = x509.load_pem_x509_csr(inputs["certRequestPem"].encode())
    builder = _builder(inputs, request.subject, authority.subject, request.public_key())
    for extension in request.extensions:
        builder = builder.add_extension(extension.value, extension.critical)
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())
    identity, properties = _issue(builder.add_extension(issuer, False), key, inputs)
    return identity, {**properties, "caKeyAlgorithm": algorithm(key)}


def due_for_renewal(inputs: Mapping[str, Any], outputs: Mapping[str, Any], now: datetime) -> bool:
    """Whether a certificate has expired or has come within `earlyRenewalHours` of that."""
    if "validityEndTime" not in outputs:
        return False
    ahead = timedelta(hours=float(inputs.get("earlyRenewalHours") or 0))
    return now >= datetime.fromisoformat(outputs["validityEndTime"]) - ahead


def _builder(
    inputs: Mapping[str, Any], subject: x509.Name, issuer: x509.Name, public_key: CertificatePublicKeyTypes
) -> x509.CertificateBuilder:
    start = datetime.now(UTC).replace(microsecond=0)
    end = start + timedelta(hours=float(inputs["validityPeriodHours"]))
    is_authority = bool(inputs.get("isCaCertificate"))
    longest = inputs.get("maxPathLength") if is_authority else None
    builder = x509.CertificateBuilder(issuer, subject, public_key, x509.random_serial_number(), start, end)
    builder = builder.add_extension(x509.BasicConstraints(is_authority, longest), True)
    uses = set(inputs["allowedUses"])
    if uses & KEY_USES.keys():
        builder = builder.add_extension(x509.KeyUsage(**{name: use in uses for use, name in KEY_USES.items()}), True)
    if extended := [oid for use, oid in EXTENDED_USES.items() if use in uses]:
        builder = builder.add_extension(x509.ExtendedKeyUsage(extended), False)
    if is_authority or inputs.get("setSubjectKeyId"):
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), False)
    return builder


def _issue(builder: x509.CertificateBuilder, key: PrivateKey, inputs: Mapping[str, Any]) -> tuple[str, Properties]:
    certificate = builder.sign(key, _hash(key))
    return str(certificate.serial_number), {
        "certPem": certificate.public_bytes(serialization.Encoding.PEM).decode(),
        "earlyRenewalHours": inputs.get("earlyRenewalHours") or 0,
        "readyForRenewal": False,
        "validityStartTime": certificate.not_valid_before_utc.isoformat(),
        "validityEndTime": certificate.not_valid_after_utc.isoformat(),
    }


def _subject(inputs: Mapping[str, Any]) -> x509.Name:
    given = inputs.get("subject") or {}
    return x509.Name([x509.NameAttribute(oid, given[name]) for name, oid in NAMES.items() if given.get(name)])


def _names(inputs: Mapping[str, Any]) -> x509.SubjectAlternativeName | None:
    names: list[x509.GeneralName] = [x509.DNSName(name) for name in inputs.get("dnsNames") or ()]
    names += [x509.IPAddress(ipaddress.ip_address(address)) for address in inputs.get("ipAddresses") or ()]
    names += [x509.UniformResourceIdentifier(uri) for uri in inputs.get("uris") or ()]
    return x509.SubjectAlternativeName(names) if names else None


def _hash(key: PrivateKey) -> hashes.SHA256 | None:
    return None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
