"""Every mistake in a stack file has its sentence, and all of them come at once."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from components.component import Component
from components.deployment import COMPONENTS
from components.network.flows import Flow
from components.problems import SettingsError
from components.settings import DeploymentSettings
from tests.recording import as_config, config_of, settings_of

ROLES = ("load_balancer", "im", "database", "queue", "cache")
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE2oQ3OBkbVjIPmcGbEmvQvJpJqBiXKbrG0wX9s0kqhP alice"
BASE: Mapping[str, Any] = {
    "onprem:hosts": {"a1": {"address": "192.0.2.1"}},
    "im:domain": "chat.example.org",
    "im:roles": {role: ["a1"] for role in ROLES},
    "im:administrators": {"networks": ["198.51.100.0/24"]},
}


class Guard(Component):
    """Stands for any component that asks for a password."""

    name = "guard"
    passwords = ("guard_password",)


class Twin(Component):
    """Wants the port of sshd."""

    name = "twin"

    @classmethod
    def flows(cls, settings: DeploymentSettings) -> tuple[Flow, ...]:
        return (Flow("twin", ("world",), ("im",), (22,)),)


def load(
    changes: Mapping[str, Any], *, encrypted: tuple[str, ...] = (), more: tuple[type[Component], ...] = ()
) -> DeploymentSettings:
    """Loads `BASE` with changes; `None` takes a key out."""
    values = {key: value for key, value in {**BASE, **changes}.items() if value is not None}
    return settings_of(as_config(values), encrypted, (*COMPONENTS, *more))


def mistakes(changes: Mapping[str, Any], **how: Any) -> str:
    """The whole message."""
    with pytest.raises(SettingsError) as error:
        load(changes, **how)
    return str(error.value)


DECIDES = (("database", "elect a primary"), ("queue", "keep a majority"))
VOTERS: Mapping[str, list[str]] = dict.fromkeys(("database", "queue", "cache"), ["a1", "a2"])


def roles(**changed: list[str]) -> dict[str, list[str]]:
    return {**BASE["im:roles"], **changed}


def hosts(*names: str) -> dict[str, Any]:
    return {name: {"address": f"192.0.2.{number}"} for number, name in enumerate(names, start=1)}


@pytest.mark.parametrize("stack", ["dev", "test", "prod", "example"])
def test_loads_the_stack_files(stack: str) -> None:
    assert settings_of(config_of(stack)).domain.startswith("chat.")


def test_a_misspelt_setting_gets_the_closest_known_one() -> None:
    assert mistakes({"im:domian": "chat.example.org"}) == "im:domian: unknown setting; did you mean domain?"


def test_an_unknown_setting_inside_a_component_lists_the_known_ones() -> None:
    assert mistakes({"im:time": {"zzz": 1}}) == ("im:time.zzz: unknown setting; known here: adjust_clock, servers")


def test_a_misspelt_password_is_not_passed_over() -> None:
    assert mistakes({"im:gaurd_password": "x"}, more=(Guard,)) == (
        "im:gaurd_password: unknown setting; did you mean guard_password?"
    )


def test_a_missing_setting_is_named_with_its_purpose() -> None:
    assert mistakes({"im:domain": None}) == "im:domain: missing; expected: the domain of the accounts"


def test_a_missing_setting_of_a_host_is_named_with_its_purpose() -> None:
    assert mistakes({"onprem:hosts": {"a1": {}}}) == (
        "onprem:hosts.a1.address: missing; expected: the IPv4 address, for ssh and for the other hosts"
    )


def test_an_unknown_role_lists_the_roles() -> None:
    assert mistakes({"im:roles": roles(databse=["a1"])}) == (
        "im:roles.databse: databse is not known; one of these is expected: "
        "'load_balancer', 'im', 'database', 'queue', 'cache', 'witness', 'operations' or 'offsite'"
    )


def test_an_unknown_host_gets_the_closest_known_one() -> None:
    changes = {"onprem:hosts": hosts("db1"), "im:roles": {**dict.fromkeys(ROLES, ["db1"]), "queue": ["bd1"]}}
    assert mistakes(changes) == "im:roles.queue[0]: there is no host bd1 in onprem:hosts; did you mean db1?"


def test_a_role_without_hosts_is_refused() -> None:
    assert mistakes({"im:roles": roles(queue=[])}) == (
        "im:roles.queue: no host has this role; name at least one host of onprem:hosts"
    )


def test_a_role_that_is_left_out_is_refused() -> None:
    given = {role: names for role, names in roles().items() if role != "cache"}
    assert mistakes({"im:roles": given}) == (
        "im:roles.cache: no host has this role; name at least one host of onprem:hosts"
    )


def test_a_host_named_twice_in_a_role_is_refused() -> None:
    assert mistakes({"im:roles": roles(im=["a1", "a1"])}) == "im:roles.im: a1 stands here 2 times; name each host once"


def test_a_host_without_a_role_is_refused() -> None:
    assert mistakes({"onprem:hosts": hosts("a1", "a2")}) == (
        "onprem:hosts.a2: has no role; name it under im:roles, or remove it"
    )


@pytest.mark.parametrize(("field", "address"), [("address", "192.0.2.1"), ("address6", "2001:db8::1")])
def test_an_address_used_twice_is_refused(field: str, address: str) -> None:
    both = {"a1": {"address": "192.0.2.1", "address6": "2001:db8::1"}, "a2": {"address": "192.0.2.2", field: address}}
    assert mistakes({"onprem:hosts": both, "im:roles": roles(operations=["a2"])}) == (
        f"onprem:hosts.a2.{field}: {address} is the address of a1 already; give each host its own"
    )


def test_a_wrong_address_is_refused() -> None:
    assert mistakes({"onprem:hosts": {"a1": {"address": "192.0.2.300"}}}) == (
        "onprem:hosts.a1.address: 192.0.2.300 is no IPv4 address; write it as in 192.0.2.10"
    )


def test_a_host_name_that_dns_refuses_is_refused() -> None:
    changes = {"onprem:hosts": hosts("DB_1"), "im:roles": dict.fromkeys(ROLES, ["DB_1"])}
    assert mistakes(changes) == (
        "onprem:hosts.DB_1: DB_1 is no host name; use lower-case letters, digits and hyphens, for example db1"
    )


@pytest.mark.parametrize(
    "domain", ["chat", "chat..org", "Chat.Example.org", "-a.org", "192.0.2.1", "a_b.org", "x" * 64 + ".org"]
)
def test_a_domain_that_is_no_domain_is_refused(domain: str) -> None:
    assert mistakes({"im:domain": domain}) == (
        f"im:domain: {domain} is no domain; write a full name in lower case, for example chat.example.org"
    )


def test_a_port_used_twice_on_one_host_is_refused() -> None:
    assert mistakes({}, more=(Twin,)) == (
        "onprem:hosts.a1: port 22/tcp is used by ssh and by twin; change the port of one of them"
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"im:ssh": {"idle_minutes": 0}}, "im:ssh.idle_minutes: 0 is too small; at least 1 is expected"),
        ({"im:ssh": {"idle_minutes": 999}}, "im:ssh.idle_minutes: 999 is too large; at most 240 is expected"),
        ({"im:ssh": {"idle_minutes": "x"}}, "im:ssh.idle_minutes: x is not a whole number; write a whole number"),
        (
            {"im:ssh": {"forwarding": "maybe"}},
            "im:ssh.forwarding: maybe is neither true nor false; write true or false",
        ),
        ({"im:size": "huge"}, "im:size: huge is not known; one of these is expected: 'small', 'medium' or 'large'"),
        ({"im:protect": "perhaps"}, "im:protect: perhaps is neither true nor false; write true or false"),
        (
            {"im:ssh": "fast"},
            "im:ssh: fast is not a map; write names with a value each, as in stacks/Pulumi.example.yaml",
        ),
        ({"im:time": {"servers": "one"}}, "im:time.servers: one is not a list; write a list, for example [db1, db2]"),
        (
            {"im:requirements": {"clock_offset_seconds": 0}},
            "im:requirements.clock_offset_seconds: 0 is too small; more than 0 is expected",
        ),
    ],
)
def test_a_value_out_of_range_or_of_another_type_is_refused(changes: dict[str, Any], message: str) -> None:
    assert mistakes(changes) == message


@pytest.mark.parametrize(
    ("password", "message"),
    [
        ("", "is empty; run pulumi config set --secret guard_password again, or remove it and a password is generated"),
        ("short", "has 5 characters; at least 16 are expected"),
        (
            "with space and 'quote'",
            "has characters that some file formats would have to quote; "
            "use letters, digits, dot, underscore, tilde and hyphen",
        ),
        ("aaaaaaaaaaaaaaaaaaaa", "is easy to guess; take a random one, or remove it and one is generated"),
        ("my-guard-2024-abcdefg", "is easy to guess; take a random one, or remove it and one is generated"),
    ],
)
def test_an_empty_or_weak_secret_is_refused_and_never_shown(password: str, message: str) -> None:
    found = mistakes({"im:guard_password": password}, encrypted=("im:guard_password",), more=(Guard,))
    assert found == f"im:guard_password: {message}"


def test_a_secret_in_clear_is_refused() -> None:
    assert mistakes({"im:guard_password": "k3vQ9zTnW2xLrB7m"}, more=(Guard,)) == (
        "im:guard_password: stands in the stack file in clear; "
        "run pulumi config set --secret guard_password to encrypt it"
    )


def test_a_strong_secret_is_taken() -> None:
    load({"im:guard_password": "k3vQ9zTnW2xLrB7m"}, encrypted=("im:guard_password",), more=(Guard,))


@pytest.mark.parametrize(
    ("role", "purpose"), [("database", "elect a primary"), ("queue", "keep a majority"), ("cache", "elect a primary")]
)
def test_two_hosts_without_a_witness_are_refused(role: str, purpose: str) -> None:
    changes = {"onprem:hosts": hosts("a1", "a2"), "im:roles": roles(**{role: ["a1", "a2"]})}
    assert mistakes(changes) == (
        f"im:roles.{role}: two hosts and no witness cannot {purpose} when one of them fails; "
        "add another host to im:roles.witness, or use one host or three"
    )


def test_a_witness_on_one_of_the_two_hosts_is_none() -> None:
    changes = {"onprem:hosts": hosts("a1", "a2"), "im:roles": roles(database=["a1", "a2"], witness=["a2"])}
    assert mistakes(changes).startswith("im:roles.database: two hosts and no witness")


def test_two_hosts_with_a_witness_are_taken() -> None:
    load({"onprem:hosts": hosts("a1", "a2", "w1"), "im:roles": roles(**VOTERS, witness=["w1"])})


def test_two_hosts_with_two_witnesses_are_refused_as_no_half_decides() -> None:
    changes = {"onprem:hosts": hosts("a1", "a2", "w1", "w2"), "im:roles": roles(**VOTERS, witness=["w1", "w2"])}
    assert mistakes(changes).splitlines() == [
        f"im:roles.{role}: a1, a2, w1, w2 are 4 votes, and no half of them can {purpose}; "
        "make it an odd number; hosts of im:roles.witness vote, too"
        for role, purpose in (("cache", "elect a primary"), *DECIDES)
    ]


def test_one_host_with_a_witness_is_refused_unless_it_is_a_cache_which_asks_nobody() -> None:
    changes = {"onprem:hosts": hosts("a1", "w1"), "im:roles": roles(witness=["w1"])}
    assert mistakes(changes).splitlines() == [
        f"im:roles.{role}: a1, w1 are 2 votes, and no half of them can {purpose}; "
        "make it an odd number; hosts of im:roles.witness vote, too"
        for role, purpose in DECIDES
    ]


def test_four_hosts_without_a_witness_are_refused() -> None:
    names = ["a1", "a2", "a3", "a4"]
    assert mistakes({"onprem:hosts": hosts(*names), "im:roles": roles(queue=names)}) == (
        "im:roles.queue: a1, a2, a3, a4 are 4 votes, and no half of them can keep a majority; "
        "make it an odd number; hosts of im:roles.witness vote, too"
    )


@pytest.mark.parametrize("role", ["im", "database", "queue", "cache"])
def test_one_host_with_every_replica_is_refused_in_a_protected_stack(role: str) -> None:
    three = {"im": ["a1", "a2"], **dict.fromkeys(VOTERS, ["a1", "a2", "a3"])}
    changes = {
        "onprem:hosts": hosts("a1", "a2", "a3"),
        "im:roles": roles(**{**three, role: ["a1"]}, operations=["a2", "a3"]),
        "im:protect": True,
    }
    assert mistakes(changes) == (
        f"im:roles.{role}: a1 has every replica, and im:protect is true; "
        "give the role another host, or set im:protect: false"
    )


def shared(address: str | None, **changes: Any) -> dict[str, Any]:
    """Two load balancers, 192.0.2.1 and 192.0.2.2, with an address for both."""
    own = {"im:keepalived": {"address": address}} if address else {}
    two = {"onprem:hosts": hosts("a1", "a2"), "im:roles": roles(load_balancer=["a1", "a2"])}
    return {**two, **own, **changes}


def test_two_load_balancers_that_share_an_address_are_taken() -> None:
    assert str(load(shared("192.0.2.10/24")).keepalived.address) == "192.0.2.10/24"


def test_two_load_balancers_without_an_address_to_share_are_refused() -> None:
    assert mistakes(shared(None)) == (
        "im:keepalived.address: missing; expected, because there are several load balancers: "
        "the address that moves between them, with its length"
    )


@pytest.mark.parametrize("given", [{"address": "192.0.2.10/24"}, {"address6": "2001:db8::10/64"}])
def test_an_address_that_only_one_load_balancer_could_have_is_refused(given: dict[str, str]) -> None:
    assert mistakes({"im:keepalived": given}).splitlines()[0] == (
        "im:keepalived.address: a1 is the only load balancer, so nobody can take an address over; "
        "name another one under im:roles.load_balancer, or remove im:keepalived"
    )


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("192.0.2.2/24", "192.0.2.2 is the address of a2 already; take one that nothing else has"),
        (
            "192.0.2.10",
            "192.0.2.10/32 is no address of a host; write it with its network's length, as in 192.0.2.10/24",
        ),
        (
            "192.0.2.255/24",
            "192.0.2.255/24 is no address of a host; write it with its network's length, as in 192.0.2.10/24",
        ),
        ("192.0.2.x/24", "192.0.2.x/24 is no IPv4 address with a length; write it as in 192.0.2.10/24"),
        (
            "198.51.100.9/24",
            "a1 (192.0.2.1) is not in 198.51.100.0/24; "
            "the load balancers and the address that they share belong to one network",
        ),
    ],
)
def test_an_address_that_load_balancers_cannot_share_is_refused(address: str, message: str) -> None:
    assert mistakes(shared(address)).splitlines()[0] == f"im:keepalived.address: {message}"


def test_an_ipv6_address_to_share_needs_load_balancers_with_ipv6() -> None:
    given = {"address": "192.0.2.10/24", "address6": "2001:db8::10/64"}
    assert mistakes(shared(None, **{"im:keepalived": given})).splitlines() == [
        f"im:keepalived.address6: {name} has no address in 2001:db8::/64; "
        "the load balancers and the address that they share belong to one network"
        for name in ("a1", "a2")
    ]


def test_a_package_that_is_not_described_is_refused() -> None:
    assert mistakes({"im:im": {"kind": "package"}}) == (
        "im:package: missing; expected, because im:im.kind is package: the vendor's tarball"
    )


def test_ssh_from_the_whole_world_is_refused() -> None:
    assert mistakes({"im:administrators": {"networks": ["::/0"]}}) == (
        "im:administrators.networks[0]: ::/0 is the whole world; name the networks that administrators work from"
    )


@pytest.mark.parametrize("network", ["everywhere", "192.0.2.7/24"])
def test_what_is_no_network_is_refused(network: str) -> None:
    assert mistakes({"im:administrators": {"networks": [network]}}) == (
        f"im:administrators.networks[0]: {network} is no network; "
        "write its first address and its length, for example 192.0.2.0/24"
    )


@pytest.mark.parametrize(
    ("key", "message"),
    [
        (
            "-----BEGIN OPENSSH PRIVATE KEY-----",
            "a private key stands here; remove it, make a new one, and write it as in ssh-ed25519 AAAA… name",
        ),
        (
            "ssh-dss AAAAB3NzaC1kc3MAAACBAKsometh alice",
            "no public ssh key of a type that sshd accepts here; write it as in ssh-ed25519 AAAA… name",
        ),
        (KEY[:30], "no public ssh key of a type that sshd accepts here; write it as in ssh-ed25519 AAAA… name"),
    ],
)
def test_what_is_no_public_key_is_refused(key: str, message: str) -> None:
    given = {"networks": ["198.51.100.0/24"], "users": {"alice": {"keys": [key]}}}
    assert mistakes({"im:administrators": given}) == f"im:administrators.users.alice.keys[0]: {message}"


def test_an_administrator_called_root_is_refused() -> None:
    given = {"networks": ["198.51.100.0/24"], "users": {"root": {"keys": [KEY]}}}
    assert mistakes({"im:administrators": given}) == (
        "im:administrators.users.root: root is no name for an account; "
        "use lower-case letters, digits, hyphen and underscore"
    )


def test_all_mistakes_come_at_once() -> None:
    changes = {
        "im:domain": "chat",
        "im:zzz": "1",
        "im:ssh": {"idle_minutes": 0},
        "onprem:hosts": {"a1": {"address": "192.0.2.1"}, "a2": {"address": "192.0.2.1"}},
        "im:roles": roles(operations=["a3"]),
    }
    assert [line.partition(": ")[0] for line in mistakes(changes).splitlines()] == [
        "im:domain",
        "im:roles.operations[0]",
        "im:ssh.idle_minutes",
        "im:zzz",
        "onprem:hosts.a2",
        "onprem:hosts.a2.address",
    ]


def test_an_empty_stack_file_is_told_what_it_needs() -> None:
    assert mistakes(dict.fromkeys(BASE)).splitlines() == [
        "im:administrators: missing; expected: who may log in, and from which networks",
        "im:domain: missing; expected: the domain of the accounts",
        "im:roles: missing; expected: the host names of each role",
        "onprem:hosts: missing; expected: the hosts by name, each with its address",
    ]


def test_a_size_gives_defaults_that_a_setting_overrides() -> None:
    medium = load({"im:size": "medium", "im:requirements": {"cores": 2}})
    assert (medium.requirements.memory_mb, medium.requirements.cores) == (15_500, 2)
    assert load({}).requirements.memory_mb == 1_500


def test_hosts_of_several_roles_keep_the_order_of_the_stack_file() -> None:
    settings = load(
        {
            "onprem:hosts": hosts("a1", "b1", "c1"),
            "im:roles": roles(database=["c1", "a1", "b1"], im=["b1"]),
        }
    )
    assert [host.name for host in settings.hosts_of("im", "database")] == ["b1", "c1", "a1"]


def test_maps_arrive_as_json_and_scalars_as_text() -> None:
    config = as_config(BASE)
    assert json.loads(config["im:roles"]) == BASE["im:roles"]
    assert "a1 has every replica, and im:protect is true" in mistakes({"im:protect": "true"})


def test_the_kind_package_needs_a_package() -> None:
    assert mistakes({"im:im": {"kind": "package"}}) == (
        "im:package: missing; expected, because im:im.kind is package: the vendor's tarball"
    )


def test_mistakes_in_a_package_are_its_own() -> None:
    own = {"name": "chat", "vershun": "1", "sha256": "0" * 64, "source": "chat.tar", "health": "true", "units": ["a"]}
    assert mistakes({"im:im": {"kind": "package"}, "im:package": own}) == (
        "im:package.vershun: unknown setting; did you mean version?\n"
        "im:package.version: missing; expected: the version; a changed tarball needs a new one"
    )
