"""The edge to the engine: its property values as plain Python data, and back, secrets marked."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pulumi.provider.experimental.property_value import Computed, PropertyValue

from onprem.unknown import UNKNOWN

Properties = Mapping[str, PropertyValue]
Plain = dict[str, Any]


def plain(properties: Properties) -> Plain:
    """Dictionaries, lists, texts, numbers; a value that is not known yet is the text UNKNOWN."""
    return {name: _plain(value) for name, value in properties.items()}


def properties(data: Mapping[str, Any]) -> dict[str, PropertyValue]:
    """The engine's form of `data`; every value in `secrets` is marked secret."""
    return {name: _property(value, is_secret=name == "secrets") for name, value in data.items()}


def secret_paths(properties: Properties) -> Iterator[str]:
    """The inputs other than `secrets` that hold a secret."""
    return (name for name, value in properties.items() if name != "secrets" and value.contains_secret())


def _plain(item: PropertyValue) -> Any:
    value = item.value
    if isinstance(value, Computed):
        return UNKNOWN
    if isinstance(value, Mapping):
        return plain(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(entry) for entry in value]
    return value


def _property(value: Any, *, is_secret: bool) -> PropertyValue:
    if isinstance(value, Mapping):
        return PropertyValue({name: _property(entry, is_secret=is_secret) for name, entry in value.items()})
    if isinstance(value, list | tuple):
        return PropertyValue([_property(entry, is_secret=is_secret) for entry in value])
    if isinstance(value, int) and not isinstance(value, bool):
        value = float(value)  # the engine knows one kind of number
    return PropertyValue(value, is_secret=is_secret)
