"""A first preview, with nothing deployed, knows everything but what is computed: every file can be read in it."""

import json

import pytest
from pulumi.runtime import rpc

from tests.recording import Program, run
from tests.topologies import TOPOLOGIES, config

COMPUTED = {"values", "secrets"}


@pytest.fixture(scope="module", params=TOPOLOGIES)
def preview(request: pytest.FixtureRequest) -> Program:
    """What the program registers before anything is made."""
    return run(config(request.param), request.param, preview=True)


def test_nothing_is_unknown_but_values_and_secrets(preview: Program) -> None:
    for resource in preview.resources:
        if resource.kind.startswith("onprem:"):
            known = {name: value for name, value in resource.inputs.items() if name not in COMPUTED}
            assert "Unknown" not in json.dumps(known, default=lambda value: type(value).__name__), resource.name
            assert rpc.UNKNOWN not in json.dumps(known, default=str), resource.name


def test_computed_data_really_is_unknown_then(preview: Program) -> None:
    """Else the test above could not fail."""
    secrets = [service.inputs["secrets"] for service in preview.services.values() if "secrets" in service.inputs]
    assert secrets
    assert "Unknown" in json.dumps(secrets, default=lambda value: type(value).__name__)
