"""Control groups as the kernel shows them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from commands.load.processors import between, used

Use = Callable[[str, float], None]


@pytest.fixture
def use(tmp_path: Path) -> Use:
    def write(group: str, seconds: float) -> None:
        folder = tmp_path / group
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "cpu.stat").write_text(f"usage_usec {round(seconds * 1e6)}\nuser_usec 0\nsystem_usec 0\n")

    return write


def test_services_are_summed_over_hosts_and_the_rest_is_others(tmp_path: Path, use: Use) -> None:
    for host, seconds in (("im1", 10.0), ("im2", 5.0)):
        use(host, seconds)
        use(f"{host}/payload/system.slice/ejabberd.service", 2.0)
    use("im1/payload/system.slice/haproxy.service", 1.0)
    use("im1/payload/system.slice/rabbitmq-server.service", 3.0)

    found = used({host: tmp_path / host for host in ("im1", "im2")})

    assert found == {"ejabberd": 4.0, "HAProxy": 1.0, "others": 10.0}


def test_nothing_is_known_of_hosts_elsewhere() -> None:
    assert used({}) == {}


def test_what_began_in_between_counts_whole() -> None:
    assert between({"ejabberd": 1.0}, {"ejabberd": 1.5, "HAProxy": 2.0}) == {"ejabberd": 0.5, "HAProxy": 2.0}
