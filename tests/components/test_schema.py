"""The schema is current, describes the stack files, and the example shows every setting."""

import json
import types
from collections.abc import Iterator
from typing import Any, Union, get_args, get_origin

import jsonschema
import pydantic
import pytest
import yaml

from components.schema import key_of, schema
from components.settings import DeploymentSettings
from tests.recording import STACKS

FILES = sorted(STACKS.glob("Pulumi.*.yaml"))


def test_the_schema_in_the_tree_is_current() -> None:
    """Else run: scripts/python -m components.schema > stacks/settings.schema.json"""
    assert json.loads((STACKS / "settings.schema.json").read_text()) == schema()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_stack_files_keep_to_the_schema_and_name_it(path: Any) -> None:
    text = path.read_text()
    assert text.startswith("# yaml-language-server: $schema=settings.schema.json\n")
    jsonschema.Draft202012Validator(schema()).validate(yaml.safe_load(text))


@pytest.mark.parametrize(
    ("key", "value"),
    [("im:domian", "chat.example.org"), ("im:ssh", {"idle_minutes": 0}), ("im:size", "huge"), ("im:tls_key", "clear")],
)
def test_the_schema_refuses_mistakes(key: str, value: Any) -> None:
    stack = yaml.safe_load((STACKS / "Pulumi.example.yaml").read_text())
    stack["config"][key] = value
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema()).validate(stack)


def test_the_example_shows_every_setting() -> None:
    config = yaml.safe_load((STACKS / "Pulumi.example.yaml").read_text())["config"]
    shown = set(paths_in({name: config.get(key_of(name)) for name in DeploymentSettings.model_fields}))
    assert sorted(set(paths_of(DeploymentSettings)) - shown) == []


def paths_of(model: type[pydantic.BaseModel], prefix: str = "") -> Iterator[str]:
    """Every setting; what stands in a map under a name of the site's has `*` for the name."""
    for name, field in model.model_fields.items():
        yield prefix + name
        for inner, star in models_in(field.annotation):
            yield from paths_of(inner, f"{prefix}{name}.{'*.' if star else ''}")


def models_in(kind: Any, star: bool = False) -> Iterator[tuple[type[pydantic.BaseModel], bool]]:
    """The settings classes in a type, and whether they are values of a map or items of a list."""
    if isinstance(kind, type) and issubclass(kind, pydantic.BaseModel):
        yield kind, star
    for part in get_args(kind):
        optional = get_origin(kind) in (Union, types.UnionType)
        yield from models_in(part, star or not optional)


def paths_in(value: Any, prefix: str = "") -> Iterator[str]:
    """Every path of a document, and the same with `*` for one name."""
    items = (
        value.items() if isinstance(value, dict) else [("*", item) for item in value] if isinstance(value, list) else []
    )
    for name, item in items:
        for shown in {str(name), "*"}:
            yield prefix + shown
            yield from paths_in(item, f"{prefix}{shown}.")
