"""Destroy: the host as it was before, but for packages, users and data; these serve when it is deployed again."""

import fnmatch
import re
from dataclasses import dataclass
from typing import Any

import pytest

from tests.lab.engine.conftest import HOST, Story
from tests.lab.engine.engine_stack import Done

BY_PACKAGES = (
    *("/etc/passwd*", "/etc/shadow*", "/etc/group*", "/etc/gshadow*", "/etc/subuid*", "/etc/subgid*"),
    *("/etc/alternatives/*", "/etc/rc[0-6].d/*", "/etc/ssl/*", "/etc/ld.so.cache", "/etc/apparmor.d/local*"),
    *("/etc/systemd/system/*.wants/*", "/lib/systemd/ntp-units.d*", "/etc/default/locale", "/etc/locale.gen"),
    *("/etc/networks", "/etc/apt/apt.conf.d/02autoremove-postgresql", "/etc/chrony/chrony.*"),
    *("/etc/default/ejabberd", "/etc/ejabberd/ejabberd.*", "/etc/postgresql-common/*", "/etc/rabbitmq*"),
)
"""What the packages' own scripts make and no package lists."""
OURS = {"/var/lib/onprem", "/var/lib/onprem/lock", "/var/lib/onprem/services"}
PASSWORD = "Kept-7f3b9a55c1d24e60"  # noqa: S105 - of an account that is made here
USERS = "cd / && runuser -u postgres -- psql -XAtqd im -c 'SELECT username FROM users'"


@dataclass(frozen=True)
class Destroyed:
    """`again` is the `pulumi up` that followed; `broken` is what `dpkg --verify` says in between."""

    done: Done
    after: dict[str, Any]
    owned: set[str]
    broken: str
    again: Done


@pytest.fixture(scope="module")
def destroyed(story: Story) -> Destroyed:
    """With an account that is to be kept."""
    stack = story.stack
    stack.lab.ssh(HOST, "/usr/local/lib/im/account add kept", stdin=PASSWORD)
    done = stack.pulumi("destroy", "--yes", "--skip-preview")
    after = stack.snapshot(HOST)
    fresh = sorted(after["packages"].keys() - story.before["packages"].keys())
    owned = set(stack.lab.ssh(HOST, f"dpkg-query --listfiles {' '.join(fresh)}").stdout.splitlines())
    broken = stack.lab.ssh(HOST, "dpkg --verify").stdout
    return Destroyed(done, after, owned, broken, stack.up())


def is_by_packages(path: str) -> bool:
    return any(fnmatch.fnmatchcase(path, pattern) for pattern in BY_PACKAGES)


def test_every_file_that_was_there_is_byte_for_byte_as_before(story: Story, destroyed: Destroyed) -> None:
    before, after = story.before["files"], destroyed.after["files"]

    assert {path: after.get(path) for path in before if not is_by_packages(path)} == {
        path: found for path, found in before.items() if not is_by_packages(path)
    }


def test_nothing_new_is_there_but_what_packages_brought(story: Story, destroyed: Destroyed) -> None:
    fresh = destroyed.after["files"].keys() - story.before["files"].keys()
    owned = destroyed.owned | {f"/usr{path}" for path in destroyed.owned if path.startswith("/lib/")}

    assert {path for path in fresh - owned if not is_by_packages(path)} == OURS


def test_files_of_packages_are_as_they_came(destroyed: Destroyed) -> None:
    assert destroyed.broken == ""


def test_units_and_firewall_are_as_before(story: Story, destroyed: Destroyed) -> None:
    before, after = story.before["units"], destroyed.after["units"]
    settled = {unit for unit in before if unit != "systemd-networkd-wait-online.service"}

    assert {unit: after.get(unit) for unit in settled} == {unit: before[unit] for unit in settled}
    assert [unit for unit in after.keys() - before.keys() if after[unit].endswith(" active")] == []
    assert destroyed.after["firewall"] == story.before["firewall"] == []


def test_what_stays_is_listed(story: Story, destroyed: Destroyed) -> None:
    stays = re.findall(rf"^    warning: ({HOST}/\S+): stays on the host: (.*)$", destroyed.done.stdout, re.MULTILINE)
    said = dict(stays)

    assert said[f"{HOST}/postgresql"] == "packages: patroni, postgresql-15; data: /var/lib/postgresql/15"
    assert said[f"{HOST}/etcd"] == "packages: etcd-client, etcd-server; data: /var/lib/etcd"
    assert said[f"{HOST}/rabbitmq"] == "packages: rabbitmq-server; data: /var/lib/rabbitmq"
    assert said[f"{HOST}/redis"] == "packages: redis-server; data: /var/lib/redis"
    listed = {name for text in said.values() for name in text.partition("; ")[0].removeprefix("packages: ").split(", ")}
    assert listed <= destroyed.after["packages"].keys()
    assert not listed & story.before["packages"].keys()


def test_deployed_again_it_serves_the_data_that_was_kept(story: Story, destroyed: Destroyed) -> None:
    assert "error:" not in destroyed.again.stdout
    assert "kept" in story.stack.lab.ssh(HOST, USERS).stdout.split()
    assert story.stack.changes("--refresh") == {}
    story.stack.verify()
