"""Rules that hold between settings. Each yields the problems it finds and is named after what it holds."""

import difflib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import IPv4Interface, IPv6Interface
from typing import TYPE_CHECKING

from components.data_stores.archiving import OWNED
from components.operations.backups import BUCKET_KEY, away
from components.plan import Role
from components.problems import Problem
from components.servers.reader import ACCOUNT

if TYPE_CHECKING:
    from components.component import Component
    from components.settings import DeploymentSettings

REQUIRED_ROLES: tuple[Role, ...] = ("load_balancer", "im", "database", "queue", "cache")
DECISIONS: Mapping[Role, str] = {
    "database": "elect a primary",
    "queue": "keep a majority",
    "cache": "elect a primary",
}
"""The roles whose hosts vote, together with the witness, and what about."""
REPLICATED: tuple[Role, ...] = ("im", *DECISIONS)
SHORTEST_SECRET = 16
FEWEST_CHARACTERS = 8


def roles_have_hosts(settings: "DeploymentSettings") -> Iterator[Problem]:
    for role in dict.fromkeys((*REQUIRED_ROLES, *settings.roles)):
        if not settings.members_of(role):
            yield Problem(f"im:roles.{role}", "no host has this role", "name at least one host of onprem:hosts")


def hosts_are_known(settings: "DeploymentSettings") -> Iterator[Problem]:
    known = sorted(settings.hosts)
    for role, names in settings.roles.items():
        for index, name in enumerate(names):
            if name not in known:
                close = difflib.get_close_matches(name, known, n=1)
                hint = f"did you mean {close[0]}?" if close else f"the hosts are {', '.join(known)}"
                yield Problem(f"im:roles.{role}[{index}]", f"there is no host {name} in onprem:hosts", hint)


def leaving_hosts_have_the_role(settings: "DeploymentSettings") -> Iterator[Problem]:
    for role, names in settings.leaving.items():
        for index, name in enumerate(names):
            if name not in (known := settings.roles.get(role, ())):
                wrong = f"{name} is not in im:roles.{role}"
                expected = f"name one of {', '.join(known) or 'its hosts'}, or remove it here once it has left"
                yield Problem(f"im:leaving.{role}[{index}]", wrong, expected)


def hosts_stand_once_in_a_role(settings: "DeploymentSettings") -> Iterator[Problem]:
    for role, names in settings.roles.items():
        for name, times in Counter(names).items():
            if times > 1:
                yield Problem(f"im:roles.{role}", f"{name} stands here {times} times", "name each host once")


def hosts_have_a_role(settings: "DeploymentSettings") -> Iterator[Problem]:
    for host in settings.plans:
        if not host.roles:
            yield Problem(f"onprem:hosts.{host.name}", "has no role", "name it under im:roles, or remove it")


def addresses_are_used_once(settings: "DeploymentSettings") -> Iterator[Problem]:
    owners: dict[str, str] = {}
    for host in settings.plans:
        for field, address in (("address", host.address), ("address6", host.address6)):
            owner = owners.setdefault(address, host.name)
            if address and owner != host.name:
                path = f"onprem:hosts.{host.name}.{field}"
                yield Problem(path, f"{address} is the address of {owner} already", "give each host its own")


def a_majority_survives_one_host(settings: "DeploymentSettings") -> Iterator[Problem]:
    for role, purpose in DECISIONS.items():
        hosts = set(settings.members_of(role))
        if len(hosts) == 2 and not set(settings.members_of("witness")) - hosts:
            wrong = f"two hosts and no witness cannot {purpose} when one of them fails"
            yield Problem(f"im:roles.{role}", wrong, "add another host to im:roles.witness, or use one host or three")


def votes_cannot_be_halved(settings: "DeploymentSettings") -> Iterator[Problem]:
    """Two hosts without a witness have a sentence of their own, and a single cache host asks nobody."""
    for role, purpose in DECISIONS.items():
        hosts = settings.members_of(role)
        voters = dict.fromkeys((*hosts, *settings.members_of("witness")))
        told = len(hosts) == len(voters) == 2 or (role == "cache" and len(hosts) == 1)
        if hosts and not told and len(voters) % 2 == 0:
            wrong = f"{', '.join(voters)} are {len(voters)} votes, and no half of them can {purpose}"
            yield Problem(f"im:roles.{role}", wrong, "make it an odd number; hosts of im:roles.witness vote, too")


def protected_data_is_kept_twice(settings: "DeploymentSettings") -> Iterator[Problem]:
    for role in REPLICATED if settings.protect else ():
        hosts = settings.members_of(role)
        if len(hosts) == 1:
            wrong = f"{hosts[0]} has every replica, and im:protect is true"
            yield Problem(f"im:roles.{role}", wrong, "give the role another host, or set im:protect: false")


def backups_have_a_place(settings: "DeploymentSettings") -> Iterator[Problem]:
    if settings.backups.enabled and not settings.roles.get("operations"):
        wrong = "missing, and im:backups.enabled is true"
        yield Problem("im:roles.operations", wrong, "name the host that keeps the copies")


def a_bucket_can_be_opened(
    settings: "DeploymentSettings", secrets: Mapping[str, str], encrypted: Iterable[str]
) -> Iterator[Problem]:
    command = f"run pulumi config set --secret {BUCKET_KEY}"
    if settings.backups.bucket_url and not settings.backups.bucket_access_key:
        yield Problem("im:backups.bucket_access_key", "missing, and there is a bucket_url", "name who writes there")
    if settings.backups.bucket_url and not secrets.get(BUCKET_KEY):
        yield Problem(f"im:{BUCKET_KEY}", "missing, and im:backups has a bucket_url", command)
    if BUCKET_KEY in secrets and BUCKET_KEY not in encrypted:
        yield Problem(f"im:{BUCKET_KEY}", "stands in the stack file in clear", f"{command} to encrypt it")


def restore_tests_have_something_to_test(settings: "DeploymentSettings") -> Iterator[Problem]:
    is_tested = settings.backups.enabled and settings.roles.get("operations") and away(settings)
    if settings.require_restore_test and not is_tested:
        wrong = "nothing is saved offsite that could be restored"
        expected = "set im:backups.enabled, im:roles.operations and im:roles.offsite, or remove it"
        yield Problem("im:require_restore_test", wrong, expected)


def archiving_has_one_owner(settings: "DeploymentSettings") -> Iterator[Problem]:
    """Without backups a site may archive in a way of its own."""
    for name in sorted(OWNED & {name.lower() for name in settings.postgresql.parameters}):
        if settings.backups.enabled:
            wrong = "is not free to set with im:backups.enabled"
            yield Problem(f"im:postgresql.parameters.{name}", wrong, "remove it, the log goes to the backup repository")


def load_balancers_share_an_address(settings: "DeploymentSettings") -> Iterator[Problem]:
    hosts, path = settings.members_of("load_balancer"), "im:keepalived.address"
    if len(hosts) > 1 and settings.keepalived.address is None:
        expected = (
            "expected, because there are several load balancers: the address that moves between them, with its length"
        )
        yield Problem(path, "missing", expected)
    if len(hosts) == 1 and (settings.keepalived.address or settings.keepalived.address6):
        wrong = f"{hosts[0]} is the only load balancer, so nobody can take an address over"
        yield Problem(path, wrong, "name another one under im:roles.load_balancer, or remove im:keepalived")


def the_shared_address_fits(settings: "DeploymentSettings") -> Iterator[Problem]:
    own = settings.keepalived
    for field, shared in (("address", own.address), ("address6", own.address6)):
        if shared:
            path = f"im:keepalived.{field}"
            yield from (Problem(path, *wrong) for wrong in misfits(settings, field, shared))


def misfits(
    settings: "DeploymentSettings", field: str, shared: IPv4Interface | IPv6Interface
) -> Iterator[tuple[str, str]]:
    """What is wrong with the address that load balancers share, and what is expected."""
    network = shared.network
    if shared.ip == network.network_address or (network.version == 4 and shared.ip == network.broadcast_address):
        yield f"{shared} is no address of a host", "write it with its network's length, as in 192.0.2.10/24"
        return
    for name, host in settings.hosts.items():
        if getattr(host, field) == shared.ip:
            yield f"{shared.ip} is the address of {name} already", "take one that nothing else has"
    for name in settings.members_of("load_balancer"):
        address = getattr(settings.hosts.get(name), field, None)
        if name in settings.hosts and (address is None or address not in network):
            wrong = (
                f"{name} has no address in {network}" if address is None else f"{name} ({address}) is not in {network}"
            )
            yield wrong, "the load balancers and the address that they share belong to one network"


def ports_are_used_once(settings: "DeploymentSettings", components: Sequence[type["Component"]]) -> Iterator[Problem]:
    """Compares what the components let in. What listens on a loopback needs no flow and is not compared."""
    for host in settings.plans:
        owners: dict[tuple[str, int], str] = {}
        for component in (component for component in components if component.is_chosen(settings)):
            for flow in component.flows(settings):
                for port in flow.ports if host.roles & set(flow.to) else ():
                    owner = owners.setdefault((flow.protocol, port), component.name)
                    if owner != component.name:
                        wrong = f"port {port}/{flow.protocol} is used by {owner} and by {component.name}"
                        yield Problem(f"onprem:hosts.{host.name}", wrong, "change the port of one of them")


def what_is_kept_is_known(settings: "DeploymentSettings", components: Sequence[type["Component"]]) -> Iterator[Problem]:
    """The things themselves are looked for where they would be declared."""
    services = sorted(component.name for component in components)
    for host, kept in settings.keep.items():
        if host not in settings.hosts:
            known = ", ".join(sorted(settings.hosts))
            yield Problem(f"im:keep.{host}", f"there is no host {host} in onprem:hosts", f"the hosts are {known}")
        for name in kept:
            if name not in services:
                wrong = f"there is no service {name}"
                yield Problem(f"im:keep.{host}.{name}", wrong, f"the services are {', '.join(services)}")


def a_package_is_described(settings: "DeploymentSettings") -> Iterator[Problem]:
    if settings.im.kind == "package" and settings.package is None:
        yield Problem("im:package", "missing", "expected, because im:im.kind is package: the vendor's tarball")


def administrators_are_not_everybody(settings: "DeploymentSettings") -> Iterator[Problem]:
    for index, network in enumerate(settings.administrators.networks):
        if network.prefixlen == 0:
            path = f"im:administrators.networks[{index}]"
            yield Problem(path, f"{network} is the whole world", "name the networks that administrators work from")


def the_reader_has_a_login_of_its_own(settings: "DeploymentSettings") -> Iterator[Problem]:
    """Otherwise whoever has its key could log in as the person."""
    people = settings.administrators.users
    if ACCOUNT in people:
        wrong = f"{ACCOUNT} is the reader's account"
        yield Problem(f"im:administrators.users.{ACCOUNT}", wrong, "give the administrator another name")
    owners = {_blob(key): name for name, person in people.items() for key in person.keys}
    for index, key in enumerate(settings.reader.keys):
        if owner := owners.get(_blob(key)):
            wrong = f"is a key of {owner} already"
            yield Problem(f"im:reader.keys[{index}]", wrong, "make one that is used for nothing else, with ssh-keygen")


def _blob(key: str) -> str:
    return key.split()[1]


def secrets_are_strong(secrets: Mapping[str, str], encrypted: Iterable[str]) -> Iterator[Problem]:
    """`secrets` are the passwords a stack file brings. None of their text may stand in a message."""
    for name, text in secrets.items():
        again = f"run pulumi config set --secret {name} again"
        if name not in encrypted:
            yield Problem(f"im:{name}", "stands in the stack file in clear", again.replace("again", "to encrypt it"))
        if not text:
            yield Problem(f"im:{name}", "is empty", f"{again}, or remove it and a password is generated")
        elif len(text) < SHORTEST_SECRET:
            yield Problem(f"im:{name}", f"has {len(text)} characters", f"at least {SHORTEST_SECRET} are expected")
        elif not re.fullmatch(r"[A-Za-z0-9._~-]+", text):
            wrong = "has characters that some file formats would have to quote"
            yield Problem(f"im:{name}", wrong, "use letters, digits, dot, underscore, tilde and hyphen")
        elif len(set(text)) < FEWEST_CHARACTERS or name.removesuffix("_password") in text.lower():
            yield Problem(f"im:{name}", "is easy to guess", "take a random one, or remove it and one is generated")
