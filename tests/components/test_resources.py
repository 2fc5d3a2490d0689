"""What a host in ONPREM_OFFLINE is told."""

import pytest
from pulumi.runtime.proto import resource_pb2

from tests import recording
from tests.recording import Registered, as_config, run
from tests.topologies import TEST


def test_what_was_declared_last_stands_for_hosts_that_are_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONPREM_OFFLINE", "im1, vote1")
    registered, untouched = recording.registered, set()

    def watched(request: resource_pb2.RegisterResourceRequest, urn: str) -> Registered:
        if list(request.ignoreChanges) == ["*"]:
            untouched.add(urn)
        return registered(request, urn)

    monkeypatch.setattr(recording, "registered", watched)
    resources = run(as_config(TEST), "test").resources
    assert untouched == {each.urn for each in resources if each.inputs.get("host") in ("im1", "vote1")}
    assert untouched
