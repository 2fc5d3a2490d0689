"""Reads the stack's configuration and turns it into settings, with every mistake reported at once."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args, get_origin

import pydantic
from pulumi.runtime import config

from components import rules
from components.component import Component
from components.network import certificates, site_certificate
from components.operations.backups import BUCKET_KEY
from components.problems import Problem, SettingsError, from_validation, unknown
from components.settings import DeploymentSettings

BROUGHT = frozenset({"tls_key", BUCKET_KEY})
"""Secrets that others have made, in their form. They are never generated."""
STAND_INS: Mapping[str, Any] = {
    "domain": "not.set",
    "hosts": {"not-set": {"address": "192.0.2.1"}},
    "roles": {},
    "administrators": {"networks": ["192.0.2.0/24"]},
}
"""Take the place of what is missing, so that the rules can look at the rest."""


@dataclass(frozen=True)
class StackFile:
    """The configuration as Pulumi hands it over: `values` by field, `secrets` by name, `unread` what nobody knows."""

    values: Mapping[str, Any]
    secrets: Mapping[str, str]
    encrypted: frozenset[str]
    unread: tuple[Problem, ...]


def load_settings(components: Sequence[type[Component]]) -> DeploymentSettings:
    """The settings of this stack; raises one `SettingsError` with every mistake, before any resource exists."""
    stack_file = read(components)
    problems = list(stack_file.unread)
    try:
        settings = DeploymentSettings.model_validate(stack_file.values)
    except pydantic.ValidationError as error:
        problems += (describe(details) for details in causes(error))
        settings = without_mistakes(stack_file.values, error)
    problems += broken_rules(settings, stack_file, components, {problem.path for problem in problems})
    if problems:
        raise SettingsError(problems)
    return settings


def read(components: Sequence[type[Component]]) -> StackFile:
    """What stands under `im:` and `onprem:hosts`. A value that is a map or a list arrives as JSON text."""
    given = {**config.get_config_env(), **config.CONFIG.get()}
    names = sorted(key.removeprefix("im:") for key in given if key.startswith("im:"))
    secrets = {*BROUGHT, *(name for component in components for name in component.passwords)}
    fields = set(DeploymentSettings.model_fields) - {"hosts"}
    values = {name: parsed(name, given[f"im:{name}"]) for name in names if name in fields}
    if "onprem:hosts" in given:
        values["hosts"] = parsed("hosts", given["onprem:hosts"])
    return StackFile(
        values=values,
        secrets={name: given[f"im:{name}"] for name in names if name in secrets},
        encrypted=frozenset(name for name in names if config.is_config_secret(f"im:{name}")),
        unread=tuple(unknown(f"im:{name}", name, fields | secrets) for name in names if name not in fields | secrets),
    )


def parsed(name: str, text: Any) -> Any:
    """Scalars of a field that takes text stay as they are."""
    field = DeploymentSettings.model_fields[name].annotation
    if not isinstance(text, str) or field is str or field == DeploymentSettings.model_fields["size"].annotation:
        return text
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def causes(error: pydantic.ValidationError) -> Iterator[Mapping[str, Any]]:
    """Without those that only follow: a list whose one item was refused is not also too short."""
    found = error.errors()
    for details in found:
        place = details["loc"]
        if not any(other["loc"][: len(place)] == place and len(other["loc"]) > len(place) for other in found):
            yield dict(details)


def describe(details: Mapping[str, Any]) -> Problem:
    """The names and the description that belong to the place of an error."""
    location = [part for part in details["loc"] if part != "[key]"]
    model = owner_of(location[:-1])
    if model is None:
        return from_validation(details, (), "a value")
    field = model.model_fields.get(str(location[-1]))
    return from_validation(details, model.model_fields, (field and field.description) or "a value")


def owner_of(location: Iterable[str | int]) -> type[pydantic.BaseModel] | None:
    """The settings class whose field the last part of a path would be."""
    kind: Any = DeploymentSettings
    for part in location:
        if isinstance(kind, type) and issubclass(kind, pydantic.BaseModel):
            kind = without_none(kind.model_fields[str(part)].annotation) if str(part) in kind.model_fields else None
        else:
            kind = get_args(kind)[-1] if get_origin(kind) is dict else None
    return kind if isinstance(kind, type) and issubclass(kind, pydantic.BaseModel) else None


def without_none(kind: Any) -> Any:
    """The type of a setting that may be left out."""
    kinds = [each for each in get_args(kind) if each is not type(None)]
    return kinds[0] if type(None) in get_args(kind) and len(kinds) == 1 else kind


def without_mistakes(values: Mapping[str, Any], error: pydantic.ValidationError) -> DeploymentSettings:
    """The settings as they would be without what was refused, for the rules."""
    kept = json.loads(json.dumps(values))
    refused = [[part for part in details["loc"] if part != "[key]"] for details in error.errors()]
    for number, location in enumerate(sorted(refused, key=str, reverse=True), start=1):
        remove(kept, location)
        if location[0] == "hosts" and len(location) > 2:
            kept["hosts"][location[1]] = {"address": f"0.0.0.{number}"}
    try:
        return DeploymentSettings.model_validate({**STAND_INS, **kept})
    except pydantic.ValidationError:
        names = {location[0] for location in refused}
        return DeploymentSettings.model_validate({**STAND_INS, **{k: v for k, v in kept.items() if k not in names}})


def remove(values: Any, location: Sequence[str | int]) -> None:
    """Takes out the value at `location`, if there is one."""
    for part in location[:-1]:
        try:
            values = values[part]
        except (KeyError, IndexError, TypeError):
            return
    if isinstance(values, dict):
        values.pop(location[-1], None)
    elif isinstance(values, list) and isinstance(location[-1], int) and location[-1] < len(values):
        del values[location[-1]]


def broken_rules(
    settings: DeploymentSettings, stack_file: StackFile, components: Sequence[type[Component]], reported: set[str]
) -> Iterator[Problem]:
    """The problems between settings, without those that follow from a mistake reported already."""
    passwords = {name: text for name, text in stack_file.secrets.items() if name not in BROUGHT}
    found = [
        *rules.roles_have_hosts(settings),
        *rules.hosts_are_known(settings),
        *rules.leaving_hosts_have_the_role(settings),
        *rules.hosts_stand_once_in_a_role(settings),
        *rules.hosts_have_a_role(settings),
        *rules.addresses_are_used_once(settings),
        *rules.a_majority_survives_one_host(settings),
        *rules.votes_cannot_be_halved(settings),
        *rules.protected_data_is_kept_twice(settings),
        *rules.load_balancers_share_an_address(settings),
        *rules.backups_have_a_place(settings),
        *rules.a_bucket_can_be_opened(settings, stack_file.secrets, stack_file.encrypted),
        *rules.restore_tests_have_something_to_test(settings),
        *rules.archiving_has_one_owner(settings),
        *rules.the_shared_address_fits(settings),
        *rules.ports_are_used_once(settings, components),
        *rules.what_is_kept_is_known(settings, components),
        *rules.a_package_is_described(settings),
        *rules.administrators_are_not_everybody(settings),
        *rules.the_reader_has_a_login_of_its_own(settings),
        *rules.secrets_are_strong(passwords, stack_file.encrypted),
        *certificates.problems(settings),
        *site_certificate.problems(settings, stack_file.secrets.get("tls_key", "")),
    ]
    unsure = ("im:roles", "onprem:hosts") if is_stand_in(settings) else ()
    parts_reported = tuple(path.rpartition(".")[0] for path in reported)
    known = (*unsure, *reported)
    fresh = (each for each in found if not each.path.startswith(known))
    return (each for each in fresh if each.wrong != "missing" or each.path not in parts_reported)


def is_stand_in(settings: DeploymentSettings) -> bool:
    """Whether the hosts or the roles could not be read at all."""
    return not settings.roles or settings.hosts.keys() == STAND_INS["hosts"].keys()
