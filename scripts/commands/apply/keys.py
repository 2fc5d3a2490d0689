"""Stand-in for pulumi-tls's PrivateKey: real keys by the cryptography library."""

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from commands.apply import ApplyError

CURVES: Mapping[str, type[ec.EllipticCurve]] = {
    "P224": ec.SECP224R1,
    "P256": ec.SECP256R1,
    "P384": ec.SECP384R1,
    "P521": ec.SECP521R1,
}

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey


def private_key(inputs: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """PrivateKey: a fresh key in every form that the SDK's class has."""
    key = _generate(inputs)
    public = key.public_key()
    openssh = public.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH).decode()
    blob = base64.b64decode(openssh.split()[1])
    digest = hashlib.sha256(blob).digest()
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
    properties = {
        "privateKeyPem": _text(key, _traditional(key)),
        "privateKeyPemPkcs8": _text(key, serialization.PrivateFormat.PKCS8),
        "privateKeyOpenssh": _text(key, serialization.PrivateFormat.OpenSSH),
        "publicKeyPem": pem,
        "publicKeyOpenssh": openssh + "\n",
        "publicKeyFingerprintMd5": hashlib.md5(blob, usedforsecurity=False).digest().hex(":"),
        "publicKeyFingerprintSha256": "SHA256:" + base64.b64encode(digest).decode().rstrip("="),
    }
    return hashlib.sha1(pem.encode(), usedforsecurity=False).hexdigest(), properties


def load_key(pem: str) -> PrivateKey:
    """The key in `pem`."""
    key = serialization.load_pem_private_key(pem.encode(), password=None)
    if not isinstance(key, PrivateKey):
        raise ApplyError(f"a private key of type {type(key).__name__} cannot sign here; use ECDSA, RSA or ED25519")
    return key


def algorithm(key: PrivateKey) -> str:
    """The name that pulumi-tls gives to the key's kind."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return "ED25519"
    return "RSA" if isinstance(key, rsa.RSAPrivateKey) else "ECDSA"


def _generate(inputs: Mapping[str, Any]) -> PrivateKey:
    match inputs["algorithm"], inputs.get("ecdsaCurve") or "P224":
        case "ECDSA", curve if curve in CURVES:
            return ec.generate_private_key(CURVES[curve]())
        case "RSA", _:
            return rsa.generate_private_key(public_exponent=65537, key_size=int(inputs.get("rsaBits") or 2048))
        case "ED25519", _:
            return ed25519.Ed25519PrivateKey.generate()
        case kind, curve:
            raise ApplyError(f"no private key of algorithm {kind} and curve {curve}; use ECDSA P256, RSA or ED25519")


def _traditional(key: PrivateKey) -> serialization.PrivateFormat:
    has_none = isinstance(key, ed25519.Ed25519PrivateKey)
    return serialization.PrivateFormat.PKCS8 if has_none else serialization.PrivateFormat.TraditionalOpenSSL


def _text(key: PrivateKey, form: serialization.PrivateFormat) -> str:
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()
