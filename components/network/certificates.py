"""The internal CA, a leaf certificate for each service of each host, and the certificate of the domain."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import pulumi
import pulumi_tls as tls
from pydantic import Field

from components.model import Settings
from components.plan import HostPlan
from components.problems import Problem

if TYPE_CHECKING:
    from components.settings import DeploymentSettings

CA_HOURS = 10 * 365 * 24
CURVE = "P256"


class CertificatesSettings(Settings):
    """Where certificates come from. The internal CA signs what hosts say to each other, whatever `kind` is."""

    kind: Literal["internal", "files"] = Field(
        "internal", description="internal: our CA signs the domain's certificate; files: the site brings it"
    )
    certificate_file: Path | None = Field(
        None, description="PEM, the domain's certificate first, then its chain; a relative path starts at the project"
    )
    key_file: Path | None = Field(None, description="PEM, its private key; without it im:tls_key is the key")
    ca_file: Path | None = Field(
        None, description="PEM, the CA that clients trust; without it the last certificate of the chain"
    )
    valid_days: int = Field(365, ge=7, le=825, description="how long a leaf certificate is valid")
    renew_days: int = Field(30, ge=1, le=400, description="how long before its end a certificate is made anew")
    ca: int = Field(1, ge=1, description="the number of the internal CA that signs; another number is another CA")
    trusted_cas: tuple[Annotated[int, Field(ge=1)], ...] = Field(
        (1,), min_length=1, description="the numbers of the internal CAs that all hosts trust"
    )


@dataclass(frozen=True)
class Leaf:
    """A certificate with its chain, and its key, both PEM."""

    certificate: pulumi.Output[str]
    key: pulumi.Output[str]


@dataclass(frozen=True)
class Authority:
    """One CA of our own."""

    key: tls.PrivateKey
    certificate: tls.SelfSignedCert


class Certificates(pulumi.ComponentResource):
    """Issues leaf certificates, each once."""

    ca: pulumi.Output[str]
    """PEM of the internal CAs that are trusted, one after the other."""

    def __init__(self, settings: "DeploymentSettings") -> None:
        super().__init__("im:network/certificates:Certificates", "certificates")
        self._settings = settings
        self._leaves: dict[str, Leaf] = {}
        own = settings.certificates
        authorities = {number: self._authority(number) for number in sorted(own.trusted_cas)}
        self._signer = authorities[own.ca]
        texts = [authority.certificate.cert_pem for authority in authorities.values()]
        self.ca = pulumi.Output.all(*texts).apply(bundle)
        self.register_outputs({})

    def leaf(self, host: HostPlan, service: str) -> Leaf:
        """For one service of one host, as server and as client. Some libraries look for the address among the names."""
        addresses = [address for address in (host.address, host.address6) if address]
        names = [host.name, "localhost", *addresses]
        return self._leaf(f"{host.name}-{service}", host.name, names, [*addresses, "127.0.0.1", "::1"])

    def domain(self) -> Leaf:
        """For clients: the certificate of the domain."""
        own, domain = self._settings.certificates, self._settings.domain
        if own.kind == "internal" or own.certificate_file is None:
            return self._leaf("domain", domain, [domain], [])
        config = pulumi.Config("im")
        key = pulumi.Output.secret(own.key_file.read_text()) if own.key_file else config.require_secret("tls_key")
        return Leaf(pulumi.Output.from_input(own.certificate_file.read_text()), key)

    def domain_ca(self) -> pulumi.Output[str]:
        """The certificate that clients of the domain have to trust."""
        own = self._settings.certificates
        if own.kind == "internal" or own.certificate_file is None:
            return self.ca
        return pulumi.Output.from_input(last_certificate((own.ca_file or own.certificate_file).read_text()))

    def _leaf(self, name: str, common_name: str, names: Sequence[str], addresses: Sequence[str]) -> Leaf:
        if name not in self._leaves:
            self._leaves[name] = self._issue(name, common_name, names, addresses)
        return self._leaves[name]

    def _issue(self, name: str, common_name: str, names: Sequence[str], addresses: Sequence[str]) -> Leaf:
        key, own = self._key(name), self._settings.certificates
        options = pulumi.ResourceOptions(parent=self)
        request = tls.CertRequest(
            name,
            private_key_pem=key.private_key_pem,
            subject=tls.CertRequestSubjectArgs(common_name=common_name),
            dns_names=list(names),
            ip_addresses=list(addresses),
            opts=options,
        )
        certificate = tls.LocallySignedCert(
            name,
            cert_request_pem=request.cert_request_pem,
            ca_private_key_pem=self._signer.key.private_key_pem,
            ca_cert_pem=self._signer.certificate.cert_pem,
            allowed_uses=["digital_signature", "server_auth", "client_auth"],
            set_subject_key_id=True,
            validity_period_hours=own.valid_days * 24,
            early_renewal_hours=own.renew_days * 24,
            opts=options,
        )
        return Leaf(certificate.cert_pem, key.private_key_pem)

    def _authority(self, number: int) -> Authority:
        name, title = ("ca", "") if number == 1 else (f"ca-{number}", f" {number}")
        key = self._key(name)
        certificate = tls.SelfSignedCert(
            name,
            private_key_pem=key.private_key_pem,
            subject=tls.SelfSignedCertSubjectArgs(common_name=f"internal CA{title} of {self._settings.domain}"),
            is_ca_certificate=True,
            set_subject_key_id=True,
            allowed_uses=["cert_signing", "crl_signing", "digital_signature"],
            validity_period_hours=CA_HOURS,
            early_renewal_hours=CA_HOURS // 10,
            opts=pulumi.ResourceOptions(parent=self),
        )
        return Authority(key, certificate)

    def _key(self, name: str) -> tls.PrivateKey:
        return tls.PrivateKey(name, algorithm="ECDSA", ecdsa_curve=CURVE, opts=pulumi.ResourceOptions(parent=self))


def bundle(texts: Sequence[str]) -> str:
    """PEM texts as one; files add the last line's end themselves."""
    return "\n".join(text.rstrip("\n") for text in texts) if len(texts) > 1 else texts[0]


def problems(settings: "DeploymentSettings") -> Iterator[Problem]:
    """Between the CA that signs and those that are trusted."""
    own, path = settings.certificates, "im:certificates.trusted_cas"
    if own.ca not in own.trusted_cas:
        wrong = f"CA {own.ca} signs, and is not among them"
        yield Problem(path, wrong, "trust it in one pulumi up before it signs in the next, as in docs/certificates.md")
    if len(set(own.trusted_cas)) != len(own.trusted_cas):
        yield Problem(path, "a number stands here twice", "name each CA once")


def last_certificate(chain: str) -> str:
    """The last certificate of a PEM text: in a chain, the one nearest to the root."""
    begin = "-----BEGIN CERTIFICATE-----"
    return begin + chain.rpartition(begin)[2]
