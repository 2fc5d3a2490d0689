"""The file for `pulumi import --file`: resources with inputs and outputs, so that the engine reads nothing again."""

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from commands.adopt.declared import STACK, Declared, secret

DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "tls:index/privateKey:PrivateKey": {"rsaBits": 2048},
    "tls:index/locallySignedCert:LocallySignedCert": {"isCaCertificate": False},
}
"""What these providers add to a state, and would replace the resource for if it were missing (pulumi-tls 5)."""


def entries(resources: Iterable[Declared]) -> list[dict[str, Any]]:
    """Components as they are, resources with their state. A name is used once: some types share theirs."""
    return [_component(one) if not one.custom else _resource(one) for one in resources]


def _component(one: Declared) -> dict[str, Any]:
    return {**_named(one), "component": True}


def _resource(one: Declared) -> dict[str, Any]:
    origin = {"version": one.version, "pluginDownloadUrl": one.download_url}
    given = {key: text for key, text in origin.items() if text}
    outputs = {**DEFAULTS.get(one.kind, {}), **one.outputs}
    return {**_named(one), "id": one.id, **given, "inputs": one.inputs, "outputs": outputs}


def _named(one: Declared) -> dict[str, str]:
    parent = {} if _type(one.parent) in ("", STACK) else {"parent": _label(one.parent)}
    return {"type": one.kind, "name": _label(one.urn), "logicalName": one.name, **parent}


def _type(urn: str) -> str:
    return urn.split("::")[2].rsplit("$", 1)[-1] if urn else ""


def _label(urn: str) -> str:
    return f"{_type(urn)} {urn.rsplit('::', 1)[-1]}"


def with_marked_secrets(properties: Mapping[str, Any]) -> dict[str, Any]:
    """A service's properties as the provider hands them to the engine."""
    if not properties.get("secrets"):
        return dict(properties)
    return {**properties, "secrets": {name: secret(text) for name, text in properties["secrets"].items()}}


def write(path: Path, resources: Iterable[Declared]) -> None:
    """For the operator's eyes only: it holds passwords and keys in clear."""
    content = json.dumps({"resources": entries(resources)}, indent=1)
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(content + "\n")
