"""Certificates: who gets one, for which names, and when it is made anew."""

from pathlib import Path

from tests.recording import Program, as_config, run
from tests.topologies import TEST, recorded

SIGNED = "tls:index/locallySignedCert:LocallySignedCert"
REQUEST = "tls:index/certRequest:CertRequest"


def request(program: Program, name: str) -> tuple[set[str], set[str]]:
    """Names and addresses of a certificate."""
    inputs = next(each.inputs for each in program.of(REQUEST) if each.name == name)
    return set(inputs["dnsNames"]), set(inputs["ipAddresses"])


def test_a_leaf_names_its_host_by_name_and_address() -> None:
    names, addresses = request(recorded("test"), "im1-postgresql")
    assert names == {"im1", "localhost", "10.77.2.11", "fd77:2::11"}
    assert addresses == {"10.77.2.11", "fd77:2::11", "127.0.0.1", "::1"}


def test_leaves_serve_both_sides_of_a_connection_and_end_after_a_year() -> None:
    for certificate in recorded("test").of(SIGNED):
        assert certificate.inputs["allowedUses"] == ["digital_signature", "server_auth", "client_auth"]
        assert certificate.inputs["validityPeriodHours"] == 365 * 24
        assert certificate.inputs["earlyRenewalHours"] == 30 * 24


def test_every_key_is_an_elliptic_curve_key() -> None:
    for key in recorded("test").of("tls:index/privateKey:PrivateKey"):
        assert (key.inputs["algorithm"], key.inputs["ecdsaCurve"]) == ("ECDSA", "P256")


def test_no_two_services_share_a_key() -> None:
    names = [key.name for key in recorded("prod").of("tls:index/privateKey:PrivateKey")]
    assert len(names) == len(set(names))
    assert {"db1-postgresql", "db2-postgresql", "db1-etcd"} <= set(names)


def test_the_ca_signs_nothing_but_certificates() -> None:
    inputs = recorded("test").of("tls:index/selfSignedCert:SelfSignedCert")[0].inputs
    assert inputs["isCaCertificate"] is True
    assert inputs["allowedUses"] == ["cert_signing", "crl_signing", "digital_signature"]


def test_a_stack_exports_the_ca_that_clients_trust() -> None:
    assert recorded("test").outputs["ca"] == "(certPem of ca)"


def test_the_domain_of_an_internal_stack_gets_its_own_leaf() -> None:
    assert request(recorded("dev"), "domain") == ({"chat.dev.test"}, set())


def test_files_of_the_site_take_the_place_of_the_domains_leaf(site_certificate: Path) -> None:
    own = {
        "kind": "files",
        "certificate_file": str(site_certificate / "certificate.pem"),
        "key_file": str(site_certificate / "key.pem"),
    }
    program = run(as_config({**TEST, "im:certificates": own}), "test")
    assert "domain" not in {each.name for each in program.of(SIGNED)}
    assert program.outputs["ca"] == (site_certificate / "ca.pem").read_text()
