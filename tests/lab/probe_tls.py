"""Which TLS a port speaks: `probe_tls.py ADDRESS PORT DOMAIN direct|starttls CA_FILE`. Runs inside the lab."""

import json
import ssl
import sys

from tests.lab.probe_xmpp import Stream

OFFERS = {
    "TLS 1.0": (ssl.TLSVersion.TLSv1, "ALL:@SECLEVEL=0"),
    "TLS 1.1": (ssl.TLSVersion.TLSv1_1, "ALL:@SECLEVEL=0"),
    "TLS 1.2 without forward secrecy": (ssl.TLSVersion.TLSv1_2, "kRSA"),
    "TLS 1.2 in CBC mode": (ssl.TLSVersion.TLSv1_2, "ECDHE+SHA1:ECDHE+SHA256:ECDHE+SHA384:!AESGCM:!CHACHA20:!AESCCM"),
    "TLS 1.2": (ssl.TLSVersion.TLSv1_2, "DEFAULT"),
    "TLS 1.3": (ssl.TLSVersion.TLSv1_3, "DEFAULT"),
}


def offer(name: str) -> ssl.SSLContext:
    """A client that offers this and nothing else."""
    version, ciphers = OFFERS[name]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_ciphers(ciphers)
    context.minimum_version = context.maximum_version = version
    return context


def main(address: str, port: str, domain: str, way: str, ca_file: str) -> dict[str, str]:
    """For each offer of a client that trusts the CA and expects the domain, what came of it."""
    said = {}
    for name in OFFERS:
        context = offer(name)
        context.load_verify_locations(ca_file)
        stream = Stream(address, int(port), domain)
        try:
            stream.encrypt(context, way)
            said[name] = "accepted"
        except ssl.SSLError as refused:
            said[name] = refused.reason or str(refused)
        except OSError as ended:
            said[name] = str(ended)
    return said


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
