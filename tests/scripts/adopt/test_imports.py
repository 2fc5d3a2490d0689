"""The file for `pulumi import`."""

import json
from pathlib import Path

from commands.adopt.declared import Declared
from commands.adopt.imports import entries, with_marked_secrets, write
from commands.drift.state import MARK, SECRET

ROOT = "urn:pulumi:dev::im::pulumi:pulumi:Stack::im-dev"
PARENT = "urn:pulumi:dev::im::im:servers/time:Time::time"
CHILD = "urn:pulumi:dev::im::im:servers/time:Time$onprem:index:Service::one/time"
COMPONENT = Declared("im:servers/time:Time", "time", PARENT, ROOT, custom=False)
SERVICE = Declared(
    "onprem:index:Service", "one/time", CHILD, PARENT, custom=True, id="one/time", inputs={"a": 1}, outputs={"a": 2}
)


def test_components_have_no_state_and_resources_a_parent() -> None:
    assert entries([COMPONENT, SERVICE]) == [
        {
            "type": "im:servers/time:Time",
            "name": "im:servers/time:Time time",
            "logicalName": "time",
            "component": True,
        },
        {
            "type": "onprem:index:Service",
            "name": "onprem:index:Service one/time",
            "logicalName": "one/time",
            "parent": "im:servers/time:Time time",
            "id": "one/time",
            "inputs": {"a": 1},
            "outputs": {"a": 2},
        },
    ]


def test_what_the_provider_of_keys_adds_to_a_state_is_there() -> None:
    key = Declared("tls:index/privateKey:PrivateKey", "ca", CHILD, "", custom=True, id="1", version="5.6.2")

    (entry,) = entries([key])

    assert (entry["outputs"], entry["version"]) == ({"rsaBits": 2048}, "5.6.2")


def test_each_secret_of_a_service_is_marked() -> None:
    assert with_marked_secrets({"secrets": {"pw": "hush"}, "host": "one"}) == {
        "secrets": {"pw": {MARK: SECRET, "plaintext": '"hush"'}},
        "host": "one",
    }
    assert with_marked_secrets({"host": "one"}) == {"host": "one"}


def test_the_file_is_for_its_owner_only_also_when_there_was_another(tmp_path: Path) -> None:
    path = tmp_path / "import.json"
    path.write_text("old")
    path.chmod(0o644)

    write(path, [COMPONENT])

    assert path.stat().st_mode & 0o777 == 0o600
    assert len(json.loads(path.read_text())["resources"]) == 1
