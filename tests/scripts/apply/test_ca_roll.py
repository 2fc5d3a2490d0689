"""Another CA in three runs: with real keys, every host trusts every other one before, between and after them."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from tests.scripts.apply.test_program import Stack

PROGRAM = """
from types import SimpleNamespace
from components.network.certificates import Certificates, CertificatesSettings
from components.plan import HostPlan

own = CertificatesSettings(ca={ca}, trusted_cas={trusted})
certificates = Certificates(SimpleNamespace(domain="chat.test.test", certificates=own))
leaf = certificates.leaf(HostPlan("im1", "192.0.2.1", "", frozenset()), "etcd")
pulumi.export("leaf", leaf.certificate)
pulumi.export("ca", certificates.ca)
"""
RUNS: Sequence[tuple[int, tuple[int, ...]]] = ((1, (1,)), (1, (1, 2)), (2, (1, 2)), (2, (2,)))
"""What the stack file says, as in docs/certificates.md."""


@dataclass(frozen=True)
class Host:
    """What a host has after a run: the certificate that it shows, and the CAs that it trusts. PEM."""

    leaf: str
    ca: str

    def trusts(self, other: "Host") -> bool:
        """Whether `other` may be who it says."""
        store = Store(x509.load_pem_x509_certificates(self.ca.encode()))
        verifier = PolicyBuilder().store(store).build_server_verifier(x509.DNSName("im1"))
        try:
            verifier.verify(x509.load_pem_x509_certificate(other.leaf.encode()), [])
        except VerificationError:
            return False
        return True


@pytest.fixture
def hosts(tmp_path: Path) -> list[Host]:
    """One after each run; the values of a run are those of the one before."""
    stack = Stack(tmp_path)
    found = [stack.run(PROGRAM.format(ca=ca, trusted=trusted)) for ca, trusted in RUNS]
    return [Host(each["leaf"], each["ca"]) for each in found]


def test_hosts_trust_each_other_wherever_a_roll_stands(hosts: list[Host]) -> None:
    for before, after in itertools.pairwise(hosts):
        assert all(one.trusts(other) for one in (before, after) for other in (before, after))


def test_only_the_second_run_changes_what_hosts_show(hosts: list[Host]) -> None:
    first, second, third, fourth = (host.leaf for host in hosts)
    assert first == second != third == fourth


def test_a_run_that_is_left_out_would_cut_hosts_off(hosts: list[Host]) -> None:
    assert not hosts[0].trusts(hosts[2])
    assert not hosts[3].trusts(hosts[1])
