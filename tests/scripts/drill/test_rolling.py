"""What a rolling change changes."""

from pathlib import Path

import pytest

from commands.drill.rolling import changed, deploying
from tests.recording import Program, as_config, run
from tests.scripts.drill.stack import SITE
from tests.topologies import TEST, recorded

HOSTS = ("im1", "im2", "vote1")


@pytest.fixture(scope="module")
def after() -> Program:
    """`test` with these settings."""
    return run(as_config(changed({"config": TEST})["config"]), "test")


@pytest.mark.parametrize("host", HOSTS)
def test_every_host_is_changed(after: Program, host: str) -> None:
    assert after.files(host) != recorded("test").files(host)


@pytest.mark.parametrize("service", ["ejabberd", "etcd", "haproxy", "postgresql", "rabbitmq", "redis"])
def test_every_clustered_service_is_changed(after: Program, service: str) -> None:
    assert after.services[f"im1/{service}"].inputs != recorded("test").services[f"im1/{service}"].inputs


def test_what_the_stack_file_says_stays() -> None:
    own = {"config": {"im:domain": "chat.test", "im:redis": {"memory_megabytes": 32}}, "encryptionsalt": "v1:x"}

    document = changed(own)

    assert document["encryptionsalt"] == "v1:x"
    assert document["config"]["im:domain"] == "chat.test"
    assert document["config"]["im:redis"] == {"memory_megabytes": 32, "max_connections": 1_100}


def test_goes_out_as_the_stack_was_deployed(tmp_path: Path) -> None:
    stack_file = tmp_path / "Pulumi.test.yaml"
    stack_file.write_text("config: {}\n")
    assert deploying(SITE, stack_file)[1:4] == ["test", "--stacks", str(tmp_path)]

    stack_file.write_text("encryptionsalt: v1:x\n")
    assert deploying(SITE, stack_file)[-2:] == ["--config-file", str(stack_file)]
