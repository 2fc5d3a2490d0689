"""Machines that cannot have a lab."""

import pytest

from commands.lab import requirements


def test_another_distribution_is_refused_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr(requirements, "_os_release", lambda: {"ID": "fedora", "PRETTY_NAME": "Fedora Linux 40"})
    assert requirements.unmet() == (
        "the lab needs Debian, because its hosts use this machine's package mirror; this is Fedora Linux 40"
    )


def test_a_login_that_is_not_root_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert requirements.unmet() == "the lab needs root, for network namespaces and mounts; run it again with sudo"


def test_root_on_debian_can_have_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr(requirements, "_os_release", lambda: {"ID": "debian"})
    assert requirements.unmet() is None
