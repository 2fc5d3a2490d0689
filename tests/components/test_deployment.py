"""The deployment as a whole: its outputs, its adapters, and that a mistake stops it before anything exists."""

import pulumi
import pytest

from components.problems import SettingsError
from tests import recording
from tests.recording import as_config, run
from tests.topologies import TEST, recorded


def test_exports_what_verify_and_people_need() -> None:
    outputs = recorded("test").outputs
    assert outputs["endpoints"] == {
        "domain": "chat.test.test",
        "addresses": ["10.77.2.10", "fd77:2::10"],
        "ports": {"web": 443, "starttls": 5222, "tls": 5223},
    }
    assert outputs["accounts"] == {"host": "im1", "address": "10.77.2.11", "user": "root", "port": 22}


@pytest.mark.parametrize(
    ("topology", "server", "other"), [("test", "ejabberd", "package"), ("package", "package", "ejabberd")]
)
def test_one_im_server_is_deployed_by_its_kind(topology: str, server: str, other: str) -> None:
    names = set(recorded(topology).services)
    assert {f"im1/{server}", f"im2/{server}"} <= names
    assert not {f"im1/{other}", f"im2/{other}"} & names


def test_a_mistake_stops_the_program_before_any_resource(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(recording, "registered", lambda request, urn: asked.append(urn))
    with pytest.raises(SettingsError, match="^im:domain: chat is no domain"):
        run(as_config({**TEST, "im:domain": "chat"}), "test")
    assert asked == []


def test_pulumi_prints_a_mistake_without_a_traceback() -> None:
    """The SDK prints the text alone of this one class of errors."""
    assert issubclass(SettingsError, pulumi.RunError)
