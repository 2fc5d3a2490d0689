"""The JSON schema of the stack files: `scripts/python -m components.schema > stacks/settings.schema.json`."""

import json
import sys
from collections.abc import Mapping
from typing import Any

from components.deployment import COMPONENTS
from components.operations.backups import BUCKET_KEY
from components.settings import DeploymentSettings

SECURE: Mapping[str, Any] = {
    "type": "object",
    "properties": {"secure": {"type": "string"}},
    "required": ["secure"],
    "additionalProperties": False,
}


def schema() -> dict[str, Any]:
    """Describes a stack file as it stands: its settings are keys of `config`."""
    own = DeploymentSettings.model_json_schema()
    fields, required = own["properties"], own["required"]
    config = {key_of(name): field for name, field in fields.items()}
    secrets = {
        f"im:{name}": {**SECURE, "description": f"the {words(name)}; generated when left out"} for name in names()
    }
    key = {
        "im:tls_key": {**SECURE, "description": "with certificates.kind: files, the private key of the domain"},
        f"im:{BUCKET_KEY}": {**SECURE, "description": "with backups.bucket_url, the secret of its access key"},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "a stack of the deployment",
        "type": "object",
        "required": ["config"],
        "properties": {
            "config": {
                "type": "object",
                "required": [key_of(name) for name in required],
                "properties": {**config, **secrets, **key},
                "patternProperties": {"^(?!im:|onprem:hosts$)": True},
                "additionalProperties": False,
            },
            "encryptionsalt": {"type": "string"},
            "encryptedkey": {"type": "string"},
            "secretsprovider": {"type": "string"},
        },
        "additionalProperties": False,
        "$defs": own["$defs"],
    }


def key_of(name: str) -> str:
    """The key of a field in the stack file."""
    return "onprem:hosts" if name == "hosts" else f"im:{name}"


def names() -> list[str]:
    """The passwords that a stack file may bring."""
    return sorted(name for component in COMPONENTS for name in component.passwords)


def words(name: str) -> str:
    """`postgresql_app_password` as a person says it."""
    return name.replace("_", " ")


if __name__ == "__main__":
    json.dump(schema(), sys.stdout, indent=2)
    sys.stdout.write("\n")
