"""Generated values are kept while they hold, and certificates are real."""

import ssl
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.verification import PolicyBuilder, Store

from commands.apply.certificates import due_for_renewal
from commands.apply.generated import generate
from commands.apply.saved import Resource

PASSWORD = "random:index/randomPassword:RandomPassword"
KEY = "tls:index/privateKey:PrivateKey"
REQUEST = "tls:index/certRequest:CertRequest"
SELF_SIGNED = "tls:index/selfSignedCert:SelfSignedCert"
SIGNED = "tls:index/locallySignedCert:LocallySignedCert"
ECDSA = {"algorithm": "ECDSA", "ecdsaCurve": "P256"}


def _outputs(kind: str, **inputs: Any) -> dict[str, Any]:
    return dict(generate(kind, inputs, None).outputs)


def _chain(key: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    authority_key = _outputs(KEY, **ECDSA)["privateKeyPem"]
    uses = ["cert_signing", "crl_signing", "digital_signature"]
    lasting = {"validityPeriodHours": 1000, "subject": {"commonName": "authority"}, "isCaCertificate": True}
    authority = _outputs(SELF_SIGNED, privateKeyPem=authority_key, allowedUses=uses, **lasting)
    names = {"subject": {"commonName": "chat.test"}, "dnsNames": ["chat.test"], "ipAddresses": ["10.0.0.1", "fd00::1"]}
    request = _outputs(REQUEST, privateKeyPem=_outputs(KEY, **key)["privateKeyPem"], **names)
    signed = {"certRequestPem": request["certRequestPem"], "caCertPem": authority["certPem"]}
    leaf = _outputs(
        SIGNED,
        **signed,
        caPrivateKeyPem=authority_key,
        allowedUses=["server_auth", "digital_signature"],
        validityPeriodHours=100,
        earlyRenewalHours=10,
    )
    return authority, leaf


@pytest.mark.parametrize("key", [ECDSA, {"algorithm": "RSA"}, {"algorithm": "ECDSA", "ecdsaCurve": "P384"}])
def test_a_leaf_verifies_against_its_authority(key: dict[str, Any]) -> None:
    authority, leaf = (x509.load_pem_x509_certificate(each["certPem"].encode()) for each in _chain(key))

    chain = PolicyBuilder().store(Store([authority])).build_server_verifier(x509.DNSName("chat.test")).verify(leaf, [])

    assert chain == [leaf, authority]


def test_a_signed_certificate_carries_the_names_of_its_request() -> None:
    leaf = x509.load_pem_x509_certificate(_chain(ECDSA)[1]["certPem"].encode())

    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value

    assert names.get_values_for_type(x509.DNSName) == ["chat.test"]
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["10.0.0.1", "fd00::1"]
    assert not leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


@pytest.mark.parametrize("key", [ECDSA, {"algorithm": "RSA"}, {"algorithm": "ED25519"}])
def test_all_forms_of_a_key_are_one_key(key: dict[str, Any]) -> None:
    made = _outputs(KEY, **key)

    forms = [
        serialization.load_pem_private_key(made["privateKeyPem"].encode(), None),
        serialization.load_pem_private_key(made["privateKeyPemPkcs8"].encode(), None),
        serialization.load_ssh_private_key(made["privateKeyOpenssh"].encode(), None),
    ]
    publics = {
        form.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        for form in forms
    }
    assert publics == {made["publicKeyPem"].encode()}


def test_keeps_a_value_whose_inputs_are_the_same() -> None:
    first = generate(PASSWORD, {"length": 32}, None)

    assert generate(PASSWORD, {"length": 32}, first) is first


def test_makes_a_new_value_when_an_input_changes() -> None:
    first = generate(PASSWORD, {"length": 32, "keepers": {"turn": "1"}}, None)

    second = generate(PASSWORD, {"length": 32, "keepers": {"turn": "2"}}, first)

    assert second.outputs["result"] != first.outputs["result"]


def test_makes_a_new_certificate_when_the_old_one_is_due() -> None:
    _, leaf = _chain(ECDSA)
    made = ("certPem", "readyForRenewal", "validityStartTime", "validityEndTime", "caKeyAlgorithm")
    inputs = {name: value for name, value in leaf.items() if name not in made}
    ended = (datetime.now(UTC) + timedelta(hours=9)).isoformat()

    fresh = generate(SIGNED, inputs, Resource("1", inputs, leaf))
    renewed = generate(SIGNED, inputs, Resource("1", inputs, {**leaf, "validityEndTime": ended}))

    assert fresh.outputs["certPem"] == leaf["certPem"]
    assert renewed.outputs["certPem"] != leaf["certPem"]


def test_is_due_from_the_declared_time_before_the_end() -> None:
    ends = datetime(2030, 1, 2, tzinfo=UTC)
    outputs = {"validityEndTime": ends.isoformat()}

    assert due_for_renewal({"earlyRenewalHours": 24}, outputs, ends - timedelta(hours=24))
    assert not due_for_renewal({"earlyRenewalHours": 24}, outputs, ends - timedelta(hours=24, seconds=1))


def test_the_ssl_library_loads_what_was_made() -> None:
    authority, _ = _chain(ECDSA)

    context = ssl.create_default_context(cadata=authority["certPem"])

    assert len(context.get_ca_certs()) == 1
