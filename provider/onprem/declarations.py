"""The shape of the inputs of `Service` and `Host`, with the defaults of what may be left out."""

import re
from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PositiveInt, StrictBool, StrictStr, ValidationError

from onprem.differences import step
from onprem.unknown import is_unknown

Problems = list[str]


def _known(text: str) -> str:
    if is_unknown(text):
        raise ValueError("is computed; only values and secrets may hold computed data")
    return text


def _match(pattern: str, expected: str, text: str) -> str:
    if not re.fullmatch(pattern, text):
        raise ValueError(f"{text!r} cannot be used; expected {expected}")
    return text


def _is(pattern: str, expected: str) -> AfterValidator:
    return AfterValidator(partial(_match, pattern, expected))


Text = Annotated[StrictStr, AfterValidator(_known)]
Command = Annotated[Text, _is(r"(?s).*\S.*", "a command")]
Path = Annotated[Text, _is(r"(/(?!\.{1,2}(/|$))[^/\x00-\x1f]+)+", "an absolute path in its shortest form")]
Mode = Annotated[Text, _is(r"[0-7]{4}", "four octal digits such as 0644")]
Account = Annotated[Text, _is(r"[a-z_][a-z0-9_-]{0,31}", "the name of an account")]
Package = Annotated[Text, _is(r"[a-z0-9][a-z0-9+.-]+", "the name of a package")]
UnitName = Annotated[Text, _is(r"[\w:.@\\-]+\.(service|socket|timer|target|mount|path)", "a unit like x.service")]
Label = Annotated[Text, _is(r"[a-z0-9]([a-z0-9_.-]*[a-z0-9])?", "lower case letters, digits, '-', '_' and '.'")]
Key = Annotated[Text, _is(r"[A-Za-z0-9_.-]+", "letters, digits, '-', '_' and '.'")]
Member = Annotated[Text, _is(r"\d+(\.\d+){3}:\d+", "an IPv4 address and a port, with a colon between")]
StepName = Annotated[Text, _is(r"[^:\x00-\x1f]+", "text without a colon")]


class Shape(BaseModel):
    """A map with known keys only."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class UserShape(Shape):
    """A local account."""

    system: StrictBool = True
    home: Path = "/nonexistent"
    shell: Path = "/usr/sbin/nologin"
    groups: list[Account] = []


class DirectoryShape(Shape):
    """A directory."""

    mode: Mode = "0755"
    owner: Account = "root"
    group: Account = "root"


class FileShape(Shape):
    """A regular file."""

    content: Text
    mode: Mode = "0644"
    owner: Account = "root"
    group: Account = "root"
    early: StrictBool = False


class UnitShape(Shape):
    """A systemd unit."""

    running: StrictBool = True
    enabled: StrictBool = True
    reload_on: list[Path] = []
    restart_on: list[Path] = []


class StepShape(Shape):
    """A repeatable action."""

    read: Command
    want: Text
    act: Command
    stdin: Text = ""
    after: list[StepName] = []
    when: Literal["before_start", "healthy"] = "healthy"
    seconds: PositiveInt = 120
    restarts: Text = ""
    restarts_on: list[Path] = []


class HealthShape(Shape):
    """How a member shows that it serves."""

    command: Command
    seconds: PositiveInt = 60


class ProofShape(Shape):
    """A report that must not be older than `seconds`. `what` names it and `how` makes a new one, for people.

    A person may answer for changes without it: `reason`, up to the day `until`, in UTC.
    """

    host: Label
    path: Path
    seconds: PositiveInt
    what: Command
    how: Command
    reason: Text = ""
    until: Annotated[Text, _is(r"(\d{4}-\d{2}-\d{2})?", "a day such as 2026-11-30")] = ""


class ServiceShape(Shape):
    """The inputs of `onprem:index:Service`."""

    host: Label
    service: Label
    packages: dict[Package, Text] = {}
    users: dict[Account, UserShape] = {}
    directories: dict[Path, DirectoryShape] = {}
    files: dict[Path, FileShape] = {}
    values: dict[Key, StrictStr] = {}
    secrets: dict[Key, StrictStr] = Field(default={}, repr=False)
    units: dict[UnitName, UnitShape] = {}
    steps: dict[StepName, StepShape] = {}
    validate_: dict[Path, Command] = Field(default={}, alias="validate")
    before_restart: Text = ""
    leave: Text = ""
    healthy: HealthShape | None = None
    confirm: StrictBool = False
    proof: ProofShape | None = None


ENTRIES: Mapping[str, type[Shape]] = {
    "users": UserShape,
    "directories": DirectoryShape,
    "files": FileShape,
    "units": UnitShape,
    "steps": StepShape,
}


class RequirementsShape(Shape):
    """What a machine must have; what is left out is not asked for."""

    memory_mb: PositiveInt | None = None
    cores: PositiveInt | None = None
    free_disk_mb: dict[Path | Literal["/"], PositiveInt] | None = None
    ssd: StrictBool | None = None
    raid: StrictBool | None = None
    redundant_power: StrictBool | None = None
    link_mbps: PositiveInt | None = None
    static_address: StrictBool | None = None
    operating_systems: list[Text] | None = None
    python: Annotated[Text, _is(r"3\.\d+", "a version such as 3.9")] | None = None
    clock_offset_seconds: float | None = None
    resolves: list[Text] | None = None
    mirror: StrictBool | None = None
    unclaimed: dict[Text, list[Text]] | None = None
    majorities: dict[Text, list[Member]] | None = None


class HostShape(Shape):
    """The inputs of `onprem:index:Host`."""

    host: Label
    requirements: RequirementsShape = RequirementsShape()
    packages: list[Package] = []


def complete(shape: type[Shape], inputs: dict[str, Any]) -> tuple[dict[str, Any], Problems]:
    """`inputs` with the defaults of what was left out inside its maps, or every problem with its path."""
    try:
        made = shape.model_validate(inputs)
    except ValidationError as error:
        return inputs, [_sentence(problem) for problem in error.errors(include_url=False, include_input=False)]
    exclude = {"requirements"} if isinstance(made, HostShape) else None
    whole = made.model_dump(by_alias=True, exclude_unset=False, exclude=exclude)
    return {name: inputs["requirements"] if name == "requirements" else whole[name] for name in inputs}, []


def renewed(state: Mapping[str, Any]) -> dict[str, Any]:
    """The state of a service, with the defaults of settings that did not exist when it was written."""
    return {name: _renewed(ENTRIES[name], value) if name in ENTRIES else value for name, value in state.items()}


def _renewed(shape: type[Shape], entries: Any) -> Any:
    if not isinstance(entries, Mapping):
        return entries
    defaults = {name: field.default for name, field in shape.model_fields.items() if not field.is_required()}
    return {key: {**defaults, **entry} if isinstance(entry, Mapping) else entry for key, entry in entries.items()}


def _sentence(problem: Any) -> str:
    path = ""
    for part in problem["loc"]:
        if isinstance(part, int):
            path += f"[{part}]"
        elif part != "[key]":
            path += step(path, str(part))
    return f"{path}: {REASONS.get(problem['type'], problem['msg'].removeprefix('Value error, '))}"


REASONS = {
    "extra_forbidden": "unknown; the names that exist are in provider/README.md",
    "missing": "is missing",
    "string_type": "must be text",
    "bool_type": "must be true or false",
    "dict_type": "must be a map",
    "list_type": "must be a list",
}
