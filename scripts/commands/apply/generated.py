"""Generated values: kept as they are, issued again only when their inputs change or they expire."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from commands.apply.certificates import cert_request, due_for_renewal, locally_signed_cert, self_signed_cert
from commands.apply.keys import private_key
from commands.apply.random_values import random_bytes, random_id, random_string
from commands.apply.saved import Resource

Make = Callable[[Mapping[str, Any]], tuple[str, dict[str, Any]]]

MAKERS: Mapping[str, Make] = {
    "random:index/randomPassword:RandomPassword": random_string,
    "random:index/randomString:RandomString": random_string,
    "random:index/randomBytes:RandomBytes": random_bytes,
    "random:index/randomId:RandomId": random_id,
    "tls:index/privateKey:PrivateKey": private_key,
    "tls:index/certRequest:CertRequest": cert_request,
    "tls:index/selfSignedCert:SelfSignedCert": self_signed_cert,
    "tls:index/locallySignedCert:LocallySignedCert": locally_signed_cert,
}


def generate(kind: str, inputs: Mapping[str, Any], last: Resource | None) -> Resource:
    """The value kept in `last` while it holds, else a new one."""
    if last and last.inputs == inputs and not due_for_renewal(inputs, last.outputs, datetime.now(UTC)):
        return last
    identity, outputs = MAKERS[kind](inputs)
    return Resource(identity, inputs, {**inputs, **outputs})
