"""What holds for any inventory: the same text from the same settings, stable names, a firewall of both sides."""

import ipaddress
import itertools
import re
from typing import Any, cast

from hypothesis import given, settings
from hypothesis import strategies as some

from components.deployment import COMPONENTS
from components.network.certificates import Certificates
from components.network.firewall import ruleset
from components.passwords import Passwords
from components.plan import Plan
from tests.recording import Program, as_config, run, settings_of

ROLES = ("load_balancer", "im", "database", "queue", "cache")
NAMES = some.from_regex(r"[a-z][a-z0-9]{0,7}", fullmatch=True)
MANY = settings(max_examples=50)
FEW = settings(max_examples=3)


@some.composite
def inventories(draw: some.DrawFn) -> dict[str, Any]:
    """Between one and five hosts with roles as they fall; two voters become one."""
    names = draw(some.lists(NAMES, min_size=1, max_size=5, unique=True))
    with_six = draw(some.booleans())
    hosts: dict[str, Any] = {}
    for number, name in enumerate(names, start=1):
        six = {"address6": f"2001:db8::{number:x}"} if with_six else {}
        hosts[name] = {"address": f"192.0.2.{number}", **six}
    members = some.lists(some.sampled_from(names), min_size=1, max_size=3, unique=True)
    roles = {role: draw(members) for role in ROLES}
    for role in ("database", "queue", "cache"):
        roles[role] = roles[role] if len(roles[role]) != 2 else roles[role][:1]
    roles["operations"] = names
    return stack(hosts, roles)


def stack(hosts: dict[str, Any], roles: dict[str, list[str]]) -> dict[str, Any]:
    """A whole configuration."""
    shared = {"im:keepalived": {"address": "192.0.2.250/24"}} if len(roles["load_balancer"]) > 1 else {}
    return {
        **shared,
        "onprem:hosts": hosts,
        "im:domain": "chat.example.org",
        "im:roles": roles,
        "im:administrators": {"networks": ["198.51.100.0/24"]},
    }


def declared(program: Program) -> dict[str, Any]:
    """Everything that a program asks of hosts."""
    return {resource.name: resource.inputs for resource in program.resources if resource.kind.startswith("onprem:")}


@FEW
@given(inventories())
def test_the_order_of_hosts_in_the_file_changes_nothing(values: dict[str, Any]) -> None:
    hosts = values["onprem:hosts"]
    turned = {**values, "onprem:hosts": dict(reversed(hosts.items()))}
    assert declared(run(as_config(values))) == declared(run(as_config(turned)))


@FEW
@given(inventories())
def test_names_are_unique_and_stay_when_a_host_is_added(values: dict[str, Any]) -> None:
    before = run(as_config(values))
    urns = [resource.urn for resource in before.resources]
    assert len(urns) == len(set(urns))
    hosts = {**values["onprem:hosts"], "added-host": {"address": "192.0.2.99"}}
    roles = {**values["im:roles"], "operations": [*values["im:roles"]["operations"], "added-host"]}
    after = run(as_config({**values, "onprem:hosts": hosts, "im:roles": roles}))
    assert set(urns) <= {resource.urn for resource in after.resources}


@MANY
@given(inventories())
def test_every_address_let_in_is_of_this_deployment(values: dict[str, Any]) -> None:
    hosts = values["onprem:hosts"]
    known = {host[field] for host in hosts.values() for field in ("address", "address6") if field in host}
    for name, text in rulesets(values).items():
        own = {hosts[name]["address"], hosts[name].get("address6")}
        assert addresses(text) - {"198.51.100.0/24"} <= known - own


@MANY
@given(inventories())
def test_members_of_a_cluster_let_each_other_in(values: dict[str, Any]) -> None:
    texts, hosts = rulesets(values), values["onprem:hosts"]
    for role in ("database", "queue"):
        members = values["im:roles"][role]
        for one, other in itertools.permutations(members, 2):
            assert hosts[other]["address"] in addresses(texts[one]), (role, one, other)


def rulesets(values: dict[str, Any]) -> dict[str, str]:
    """The firewall of each host."""
    known = settings_of(as_config(values))
    flows = tuple(flow for each in COMPONENTS if each.is_chosen(known) for flow in each.flows(known))
    plan = Plan(known, cast(Certificates, None), cast(Passwords, None), flows)
    return {host.name: ruleset(plan, host) for host in known.plans}


def addresses(text: str) -> set[str]:
    """All addresses and networks of a ruleset."""
    listed = re.findall(r"elements = \{ ([^}]*) \}", text)
    found = {each.strip() for elements in listed for each in elements.split(",")}
    return {str(ipaddress.ip_network(each)) if "/" in each else str(ipaddress.ip_address(each)) for each in found}
