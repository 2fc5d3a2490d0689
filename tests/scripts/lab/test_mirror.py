"""The hosts' package mirror: this machine's own, under the names hosts use."""

import pytest

from commands.lab import apt
from commands.lab.apt import Sources, machine_sources
from commands.lab.errors import LabError
from commands.lab.mirror import nginx_config

TARGETS = """\
file:/media/disc trixie main
http://mirror.test/debian/ trixie main
http://other.test/debian/ trixie main
http://mirror.test/debian/ trixie contrib
https://security.test/security trixie-security main
https://vendor.test/apt stable main
"""


def test_package_files_stay_and_indices_are_asked_for_again() -> None:
    config = nginx_config({"debian": "https://mirror.test:8443/debian"})
    assert (
        """\
        location /debian/pool/ {
            proxy_pass https://mirror.test:8443/debian/pool/;
            proxy_set_header Host mirror.test:8443;
            proxy_cache_valid 200 60d;
        }
        location /debian/ {
            proxy_pass https://mirror.test:8443/debian/;
            proxy_set_header Host mirror.test:8443;
            proxy_cache_valid 200 1m;
        }
"""
        in config
    )
    assert "listen unix:socket;" in config


def answers(monkeypatch: pytest.MonkeyPatch, targets: str, proxy: str = "") -> None:
    """apt's answers on another machine."""

    def run(argv: list[str], *, doing: str) -> str:
        if argv[0] == "apt-get":
            return targets
        return proxy if "Acquire::http::Proxy" in argv else 'Acquire::Check-Date "false";\n'

    monkeypatch.setattr(apt, "run", run)
    monkeypatch.setattr(apt, "_codename", lambda: "trixie")


def test_archives_are_found_whatever_release_this_machine_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, TARGETS)
    assert machine_sources() == Sources(
        {"debian": "http://mirror.test/debian", "debian-security": "https://security.test/security"},
        ('Acquire::Check-Date "false";',),
    )


def test_a_machine_without_a_mirror_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, "cdrom:[Debian]/ trixie main\n")
    with pytest.raises(LabError) as error:
        machine_sources()
    assert str(error.value) == (
        "this machine's apt names no http mirror of Debian's main; add one to /etc/apt/sources.list"
    )


def test_a_machine_behind_a_proxy_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, TARGETS, 'Acquire::http::Proxy "http://proxy.test:3128";\n')
    with pytest.raises(LabError) as error:
        machine_sources()
    assert str(error.value) == (
        "this machine's apt uses a proxy, which the lab cannot go through; name a mirror it can reach"
    )
