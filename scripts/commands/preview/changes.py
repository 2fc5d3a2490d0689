"""What a preview would change, per service and host; everything that is neither is grouped by its type."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from commands.preview.digest import Digest, Step
from commands.preview.effects import Effects, effects
from commands.preview.items import Item, items, operation, text_diff
from commands.preview.looks import as_live, looked

SERVICE = "onprem:index:Service"
HOST = "onprem:index:Host"
DATA_STORES = "im:data_stores/"


@dataclass(frozen=True)
class ServiceChange:
    """One service on one host, or with an empty `service` the host itself."""

    operation: str
    host: str
    service: str
    items: tuple[Item, ...]
    effects: Effects = field(default_factory=Effects)
    holds_data: bool = False
    live: bool = False
    """Whether `items` were compared with the live host, not with the last known state."""

    @property
    def name(self) -> str:
        """`<host>/<service>`, or `<host>`."""
        return f"{self.host}/{self.service}" if self.service else self.host

    @property
    def deletes_data_store(self) -> bool:
        """The service goes, and it is one that people's data is in."""
        return self.holds_data and self.operation in ("delete", "replace", "delete-replaced")


@dataclass(frozen=True)
class ResourceChange:
    """Resources of one type and operation that are no service: certificates, passwords, commands."""

    operation: str
    type: str
    names: tuple[str, ...]
    properties: tuple[str, ...] = ()


@dataclass(frozen=True)
class Changes:
    """Everything that one stack's preview would change; `warnings` are the provider's."""

    services: tuple[ServiceChange, ...] = ()
    resources: tuple[ResourceChange, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """How many resources."""
        return len(self.services) + sum(len(group.names) for group in self.resources)


def changes(digest: Digest, stores: Collection[str], *, live: bool) -> Changes:
    """`stores` are the services that hold data; `live` says that the hosts were looked at."""
    messages: dict[str, list[str]] = {}
    for diagnostic in digest.diagnostics:
        if diagnostic.urn and diagnostic.severity in ("info", "info#err", "warning"):
            messages.setdefault(diagnostic.urn, []).append(diagnostic.message)
    custom = [step for step in digest.changes if step.is_custom]
    services = [_service(step, stores, messages.get(step.urn, ()), live) for step in custom if step.type == SERVICE]
    hosts = [_host(step) for step in custom if step.type == HOST]
    return Changes(
        tuple(sorted([*hosts, *services], key=lambda change: (change.host, change.service))),
        _groups([step for step in custom if step.type not in (SERVICE, HOST)]),
        tuple(sorted({_warning(one.message) for one in digest.diagnostics if one.urn and one.severity == "warning"})),
    )


def _service(step: Step, stores: Collection[str], messages: Sequence[str], live: bool) -> ServiceChange:
    host, _, service = step.name.partition("/")
    holds_data = service in stores or step.type_chain.startswith(DATA_STORES)
    holds_data = holds_data or bool(step.old_state and step.old_state.protect)
    seen = looked(messages) if step.op == "create" else None
    if seen is not None:
        done = effects(as_live(step.declared, seen), step.declared, seen)
        return ServiceChange(step.op, host, service, seen, done, holds_data, live=True)
    found = items(step)
    declared: Mapping[str, Any] = {} if step.op == "delete" else step.declared
    done = effects(step.live, declared, found)
    return ServiceChange(step.op, host, service, found, done, holds_data, live=live and step.op != "create")


def _host(step: Step) -> ServiceChange:
    """Packages to fetch and requirements; facts are not declared."""
    live, declared = step.live, step.declared if step.op != "delete" else {}
    before, after = set(live.get("packages") or ()), set(declared.get("packages") or ())
    found = [Item("add", "package to fetch", name) for name in sorted(after - before)]
    found += [Item("remove", "package to fetch", name) for name in sorted(before - after)]
    old, new = live.get("requirements") or {}, declared.get("requirements") or {}
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) != new.get(name):
            lines = text_diff(f"{old[name]}\n" if name in old else "", f"{new[name]}\n" if name in new else "")
            found.append(Item(operation(name in old, name in new), "requirement", name, "", lines))
    return ServiceChange(step.op, step.name, "", tuple(found))


def _groups(steps: Sequence[Step]) -> tuple[ResourceChange, ...]:
    found: dict[tuple[str, str], list[Step]] = {}
    for step in steps:
        found.setdefault((step.op, _short(step.type)), []).append(step)
    return tuple(
        ResourceChange(operation, kind, tuple(sorted(step.name for step in group)), _properties(group))
        for (operation, kind), group in sorted(found.items())
    )


def _properties(steps: Sequence[Step]) -> tuple[str, ...]:
    """Names only: the values of these resources are state."""
    return tuple(sorted({name for step in steps for name in step.changed_properties}))


def _short(kind: str) -> str:
    """`tls:index/privateKey:PrivateKey` as `tls PrivateKey`; a provider as `provider tls`."""
    if kind.startswith("pulumi:providers:"):
        return f"provider {kind.rsplit(':', 1)[-1]}"
    return f"{kind.split(':', 1)[0]} {kind.rsplit(':', 1)[-1]}"


def _warning(message: str) -> str:
    return message.strip().removeprefix("warning: ")
