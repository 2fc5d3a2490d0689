"""Certificates: who gets one, for which names, and when it is made anew."""

from pathlib import Path

import pytest

from components.problems import SettingsError
from tests.recording import Program, as_config, run, settings_of
from tests.topologies import TEST, recorded

SIGNED = "tls:index/locallySignedCert:LocallySignedCert"
CA = "tls:index/selfSignedCert:SelfSignedCert"
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
    inputs = recorded("test").of(CA)[0].inputs
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


def renewing(ca: int, *trusted: int) -> Program:
    """The topology `test` on its way from one CA to another."""
    return run(as_config({**TEST, "im:certificates": {"ca": ca, "trusted_cas": trusted}}), "test")


def signers(program: Program) -> set[str]:
    """The CAs that signed the leaves."""
    return {each.inputs["caCertPem"] for each in program.of(SIGNED)}


def trusted(program: Program) -> set[str]:
    """What the services of all hosts trust."""
    values = [service.inputs.get("values", {}) for service in program.services.values()]
    return {each["ca"] for each in values if "ca" in each}


ONE, TWO = "(certPem of ca)", "(certPem of ca-2)"


def test_a_new_ca_is_trusted_everywhere_before_it_signs() -> None:
    program = renewing(1, 1, 2)
    assert (signers(program), trusted(program)) == ({ONE}, {f"{ONE}\n{TWO}"})
    assert program.outputs["ca"] == f"{ONE}\n{TWO}"


def test_the_old_ca_is_trusted_while_the_new_one_signs() -> None:
    program = renewing(2, 2, 1)
    assert (signers(program), trusted(program)) == ({TWO}, {f"{ONE}\n{TWO}"})


def test_at_the_end_nothing_of_the_old_ca_is_left() -> None:
    program = renewing(2, 2)
    assert (signers(program), trusted(program)) == ({TWO}, {TWO})
    assert "ca" not in {key.name for key in program.of("tls:index/privateKey:PrivateKey")}


def test_cas_have_names_of_their_own() -> None:
    found = {each.name: each.inputs["subject"]["commonName"] for each in renewing(1, 1, 2).of(CA)}
    assert found == {"ca": "internal CA of chat.test.test", "ca-2": "internal CA 2 of chat.test.test"}


@pytest.mark.parametrize(
    ("certificates", "message"),
    [
        (
            {"ca": 2},
            "im:certificates.trusted_cas: CA 2 signs, and is not among them; trust it in one pulumi up before it signs"
            " in the next, as in docs/certificates.md",
        ),
        (
            {"trusted_cas": [1, 1]},
            "im:certificates.trusted_cas: a number stands here twice; name each CA once",
        ),
    ],
)
def test_refuses_what_would_cut_hosts_off(certificates: dict[str, object], message: str) -> None:
    with pytest.raises(SettingsError) as error:
        settings_of(as_config({**TEST, "im:certificates": certificates}))
    assert str(error.value) == message


def test_whoever_trusts_by_a_file_that_is_read_once_is_restarted_by_it() -> None:
    """The others are reloaded, and read it again then."""
    program = renewing(1, 1, 2)
    by_reload = {"haproxy", "haproxy-local"}
    for name, service in program.services.items():
        files = {path for path, file in service.inputs.get("files", {}).items() if "${value:ca}" in file["content"]}
        how = "reload_on" if service.inputs["service"] in by_reload else "restart_on"
        watched = {path for unit in service.inputs.get("units", {}).values() for path in unit.get(how, ())}
        assert files <= watched, name
