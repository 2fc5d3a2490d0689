"""A vendor's package on a lab host, in story order: deployed, upgraded, and back when an upgrade fails."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import yaml

from tests.lab.conftest import LabFactory
from tests.lab.deployed import Deployed, Done
from tests.lab.private_lab import ROOT
from tests.packages.vendor import Tarball, build

VERSION = "/usr/local/lib/im/package version"
FINDS_SECRETS = r"""
for secret in $(sed -n 's/^IM_[A-Z]*_PASSWORD="\(.*\)"$/\1/p' /etc/im/package.env); do
    grep -alF "$secret" /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null
    journalctl --no-pager -o export | grep -acF "$secret" | grep -v '^0$'
    find /etc /opt /run /tmp /usr/local /var/log /var/lib/onprem -type f -perm /007 \
        -exec grep -lF "$secret" {} +
done
exit 0
"""

Vendor = Callable[..., Tarball]


@pytest.fixture(scope="module")
def vendor(tmp_path_factory: pytest.TempPathFactory) -> Vendor:
    folder = tmp_path_factory.mktemp("vendor")

    def make(version: str, **changed: str) -> Tarball:
        return build(folder, version, {name.replace("_", "."): text for name, text in changed.items()})

    return make


@pytest.fixture(scope="module")
def dev() -> dict[str, Any]:
    config: dict[str, Any] = yaml.safe_load((ROOT / "stacks" / "Pulumi.dev.yaml").read_text())["config"]
    return config


@pytest.fixture(scope="module")
def package(lab: LabFactory, dev: dict[str, Any], vendor: Vendor, tmp_path_factory: pytest.TempPathFactory) -> Deployed:
    private = lab({**dev, **settings(vendor("1.0.0"))})
    made = Deployed(private, tmp_path_factory.mktemp("saved"))
    made.first = made.apply()
    return made


def settings(tarball: Tarball) -> dict[str, Any]:
    """What a stack file says of a package."""
    own = {
        "name": "chatserver",
        "version": tarball.version,
        "source": str(tarball.path),
        "sha256": tarball.sha256,
        "health": "./health",
        "units": ["prosody.service"],
        "install_seconds": 300,
        "health_seconds": 30,
    }
    return {"im:im": {"kind": "package"}, "im:package": own}


def deploy(package: Deployed, dev: dict[str, Any], tarball: Tarball, *, check: bool = True) -> Done:
    package.lab.declare({**dev, **settings(tarball)})
    return package.apply(check=check)


def version(package: Deployed) -> str:
    return package.lab.ssh("dev1", VERSION).stdout.strip()


def test_messages_go_through_the_vendors_server(package: Deployed, vendor: Vendor) -> None:
    assert version(package) == f"1.0.0 sha256 {vendor('1.0.0').sha256}"
    package.verify()


def test_a_second_run_changes_nothing(package: Deployed) -> None:
    assert package.counts(package.apply()) == {"created": 0, "changed": 0} | {
        "unchanged": sum(package.counts(package.first or package.apply()).values())
    }


def test_no_secret_is_where_others_can_read_it(package: Deployed) -> None:
    assert package.lab.ssh("dev1", FINDS_SECRETS).stdout == ""


def test_an_upgrade_stands_beside_the_old_version(package: Deployed, dev: dict[str, Any], vendor: Vendor) -> None:
    deploy(package, dev, vendor("1.1.0"))
    assert version(package) == f"1.1.0 sha256 {vendor('1.1.0').sha256}"
    assert package.lab.ssh("dev1", "ls /opt/im/chatserver").stdout.split() == [
        "1.0.0",
        "1.0.0.sha256",
        "1.1.0",
        "1.1.0.sha256",
        "current",
    ]
    package.verify()


def test_a_failed_upgrade_goes_back(package: Deployed, dev: dict[str, Any], vendor: Vendor) -> None:
    broken = '#!/bin/sh\n. "$IM_SETTINGS"\nsystemctl stop prosody\necho "no $IM_DATABASE_PASSWORD fits"\nexit 3\n'
    failed = deploy(package, dev, vendor("1.2.0", install_sh=broken), check=False)
    assert failed.returncode == 1
    assert (
        "package chatserver: install.sh of version 1.2.0 ended with status 3. "
        "Last lines of /var/log/im/install-1.2.0.log:\n"
        "  no (hidden) fits\n"
        "Version 1.1.0 is in use again and healthy."
    ) in failed.stderr
    assert version(package) == f"1.1.0 sha256 {vendor('1.1.0').sha256}"


def test_an_upgrade_that_does_not_serve_goes_back(package: Deployed, dev: dict[str, Any], vendor: Vendor) -> None:
    failed = deploy(package, dev, vendor("1.3.0", install_sh="#!/bin/sh\nsystemctl stop prosody\n"), check=False)
    assert failed.returncode == 1
    assert (
        "package chatserver: version 1.3.0 is not healthy after 30 s: "
        "the server does not answer: [Errno 111] Connection refused\n"
        "Version 1.1.0 is in use again and healthy."
    ) in failed.stderr
    package.verify()


def test_a_tarball_with_another_sum_is_not_sent(package: Deployed, dev: dict[str, Any], vendor: Vendor) -> None:
    tarball = vendor("1.4.0")
    failed = deploy(package, dev, replace(tarball, sha256="0" * 64), check=False)
    assert (
        f"im:package.sha256: {tarball.path} has the SHA-256 {tarball.sha256}; "
        "if that is what the vendor publishes, write it there"
    ) in failed.stderr
    assert "1.4.0" not in package.lab.ssh("dev1", "ls /opt/im/chatserver").stdout


def test_a_hand_that_moves_the_version_is_found(package: Deployed, dev: dict[str, Any], vendor: Vendor) -> None:
    deploy(package, dev, vendor("1.1.0"))
    package.lab.ssh("dev1", "ln -sfn 1.0.0 /opt/im/chatserver/current && systemctl stop prosody")
    package.apply()
    assert version(package) == f"1.1.0 sha256 {vendor('1.1.0').sha256}"
    package.verify()
