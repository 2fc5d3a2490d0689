"""The whole look: what is declared, what is live, what would have to be said so that nothing differs."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from commands.adopt import AdoptError, data, settings
from commands.adopt.config import Config
from commands.adopt.declared import Declared, Program, Values, declare, hosts_of, services_of
from commands.adopt.kept import Keep, keep
from commands.adopt.look import Hosts, ServiceLook, Stock
from commands.adopt.preview import digest, taken_over
from commands.drift.state import Inputs
from commands.preview.report import Report, report
from components.deployment import COMPONENTS
from components.keep import WHOLE

ROUNDS = 3
"""What is kept may bring up something else, once; more rounds would not end."""
STORES = frozenset(component.name for component in COMPONENTS if component.holds_data)
NAMES = tuple(component.name for component in COMPONENTS)


@dataclass(frozen=True)
class Variant:
    """One reading of the stack file: its resources, what an import takes of them, and the preview after that."""

    resources: tuple[Declared, ...]
    looks: Mapping[str, ServiceLook]
    taken: tuple[Declared, ...]
    report: Report


@dataclass(frozen=True)
class Adoption:
    """`as_is` is the stack file as it stands, `proposed` with `settings` in it. `recalled` are names of passwords."""

    stack: str
    stocks: Mapping[str, Stock]
    unreachable: Mapping[str, str]
    as_is: Variant
    proposed: Variant
    settings: Mapping[str, Any]
    recalled: tuple[str, ...]
    existing: tuple[data.Existing, ...]


@dataclass
class Adopting:
    """One run. `chosen` are the hosts to look at, all when there are none; `runner` is for what is asked of hosts."""

    program: Program
    hosts: Hosts
    runner: asyncio.Runner
    chosen: frozenset[str]
    values: Values = field(default_factory=Values)
    stocks: Mapping[str, Stock] = field(default_factory=dict)

    def run(self, config: Config) -> Adoption:
        """Looks, proposes, and looks again whether the proposal holds."""
        first = self._declare(config)
        self.runner.run(self.hosts.connect(self._chosen(first)))
        recalled = self._recall(self._inputs(first))
        self.stocks = self.runner.run(self.hosts.stock(self._by_host(first)))
        as_is = self._variant(config)
        existing = tuple(data.existing(self.stocks, config.values))
        fitting = _merged(config, settings.proposed(config.values, self.stocks), (one.settings for one in existing))
        if refused := [one for one in existing if one.refused]:
            fitting["im:keep"] = _kept_whole(config, refused)
        proposed, said = self._without_differences(config, fitting)
        return Adoption(
            self.program.stack,
            self.stocks,
            dict(self.hosts.unreachable),
            as_is,
            proposed,
            said,
            recalled,
            existing,
        )

    def _declare(self, config: Config) -> tuple[Declared, ...]:
        return declare(self.program, config, self.values)

    def _chosen(self, resources: tuple[Declared, ...]) -> list[str]:
        known = sorted(one.name for one in hosts_of(resources))
        if strangers := sorted(self.chosen - set(known)):
            raise AdoptError(f"{', '.join(strangers)}: not in onprem:hosts; known hosts: {', '.join(known)}")
        self.chosen = self.chosen or frozenset(known)
        return sorted(self.chosen)

    def _inputs(self, resources: tuple[Declared, ...]) -> list[Inputs]:
        """Of the services to look at, defaults filled in."""
        found = []
        for one in services_of(resources):
            if one.plain["host"] in self.chosen:
                inputs, problems = self.hosts.check(dict(one.plain))
                if problems:
                    raise AdoptError("\n".join(f"{one.name}: {problem}" for problem in problems))
                found.append(inputs)
        return found

    def _by_host(self, resources: tuple[Declared, ...]) -> dict[str, list[Inputs]]:
        inputs = self._inputs(resources)
        return {host: [one for one in inputs if one["host"] == host] for host in sorted(self.chosen)}

    def _recall(self, inputs: list[Inputs]) -> tuple[str, ...]:
        """Passwords that hosts have where ours would be are taken instead of new ones; their names."""
        made, declared = self.values.password_names(), {f"{one['host']}/{one['service']}": one for one in inputs}
        found: dict[str, set[str]] = {}
        for name, secrets in self.runner.run(self.hosts.secrets(inputs)).items():
            for key, text in secrets.items():
                if password := made.get(declared[name]["secrets"][key]):
                    found.setdefault(password, set()).add(text)
        self.values.known = {name: texts.pop() for name, texts in found.items() if len(texts) == 1}
        return tuple(sorted(self.values.known))

    def _variant(self, config: Config) -> Variant:
        resources = self._declare(config)
        looks = self.runner.run(self.hosts.services(self._inputs(resources)))
        taken = tuple(taken_over(resources, looks, self.stocks))
        found = report(self.program.stack, digest(resources, looks, taken), STORES, live=True)
        return Variant(resources, looks, taken, found)

    def _without_differences(self, config: Config, fitting: Mapping[str, Any]) -> tuple[Variant, dict[str, Any]]:
        """The proposed settings, with what is still different kept as it is."""
        said = dict(fitting)
        for _ in range(ROUNDS):
            variant = self._variant(config.having(said))
            changes = variant.report.changes.services
            if not changes:
                break
            before = said.get("im:keep", config.values.get("im:keep", {}))
            said["im:keep"] = keep(changes, variant.looks, before, NAMES)
        return variant, said


def _merged(config: Config, told: Mapping[str, Any], further: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Settings by key; what is under a key in the stack file stays."""
    found = dict(told)
    for part in further:
        for key, values in part.items():
            said = {**config.values.get(key, {}), **found.get(key, {})}
            found[key] = {**said, **settings.without(values, said)}
    return found


def _kept_whole(config: Config, refused: Iterable[data.Existing]) -> Keep:
    """The services whose data cannot be taken over."""
    found: Keep = {host: dict(kept) for host, kept in config.values.get("im:keep", {}).items()}
    for one in refused:
        found.setdefault(one.host, {})[one.service] = [WHOLE]
    return found
