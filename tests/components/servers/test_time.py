"""Time synchronisation: what differs between a machine and a container."""

from components.servers.time import CONFIG, DROP_IN, OPTIONS, SYNCHRONISED
from tests.topologies import recorded


def test_a_container_only_watches_its_clock() -> None:
    files = recorded("dev").files("dev1")
    assert 'DAEMON_OPTS="-F 1 -x"\n' in files[OPTIONS]
    assert files[DROP_IN].endswith("[Unit]\nConditionCapability=\n")
    assert "rtcsync" not in files[CONFIG]


def test_a_machine_is_healthy_once_its_clock_is_right() -> None:
    program = recorded("machines")
    files = program.files("im1")
    assert 'DAEMON_OPTS="-F 1"\n' in files[OPTIONS]
    assert DROP_IN not in files
    assert "rtcsync\n" in files[CONFIG]
    assert program.services["im1/time"].inputs["healthy"]["command"] == SYNCHRONISED


def test_chrony_opens_no_port() -> None:
    assert recorded("dev").files("dev1")[CONFIG].endswith("port 0\ncmdport 0\n")
