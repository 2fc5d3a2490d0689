"""Only the distributions we know."""

import pytest

from onprem.agent import distribution
from onprem.agent.errors import AgentError


@pytest.mark.parametrize(("name", "version"), [("debian", "12"), ("ubuntu", "22.04"), ("ubuntu", "24.04")])
def test_a_supported_distribution_passes(name: str, version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distribution, "release", lambda: {"ID": name, "VERSION_ID": version})

    distribution.refuse_unsupported()


def test_any_other_distribution_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {"ID": "centos", "VERSION_ID": "9", "PRETTY_NAME": "CentOS Stream 9"}
    monkeypatch.setattr(distribution, "release", lambda: found)

    with pytest.raises(AgentError) as caught:
        distribution.refuse_unsupported()

    assert str(caught.value) == (
        "this host runs CentOS Stream 9; supported are Debian 12, Ubuntu 22.04 and Ubuntu 24.04"
    )
