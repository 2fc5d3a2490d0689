"""The package schema that the engine asks for. The inputs are described in provider/README.md."""

import json
from typing import Any

VERSION = "0.1.0"
HOST = "onprem:index:Host"
SERVICE = "onprem:index:Service"

ANY = {"$ref": "pulumi.json#/Any"}
TEXT = {"type": "string"}
MAP = {"type": "object", "additionalProperties": ANY}
TEXTS = {"type": "object", "additionalProperties": TEXT}
NAMES = {"type": "array", "items": TEXT}

HOST_INPUTS: dict[str, Any] = {"host": TEXT, "requirements": MAP, "packages": NAMES}
SERVICE_INPUTS: dict[str, Any] = {
    "host": TEXT,
    "service": TEXT,
    "packages": TEXTS,
    "users": MAP,
    "directories": MAP,
    "files": MAP,
    "values": TEXTS,
    "secrets": {**TEXTS, "secret": True},
    "units": MAP,
    "steps": MAP,
    "validate": TEXTS,
    "before_restart": TEXT,
    "leave": TEXT,
    "healthy": MAP,
    "confirm": {"type": "boolean"},
    "proof": MAP,
}


def schema() -> str:
    """The schema as JSON text."""
    return json.dumps(
        {
            "name": "onprem",
            "version": VERSION,
            "description": "Declared state on live hosts",
            "config": {"variables": {"hosts": MAP}},
            "provider": {"inputProperties": {"hosts": MAP}},
            "resources": {
                HOST: _resource(HOST_INPUTS, ["host"], facts=MAP),
                SERVICE: _resource(SERVICE_INPUTS, ["host", "service"], unfinished=TEXT),
            },
        }
    )


def _resource(inputs: dict[str, Any], required: list[str], **found: Any) -> dict[str, Any]:
    properties = {**inputs, **found}
    return {"inputProperties": inputs, "requiredInputs": required, "properties": properties, "required": required}
