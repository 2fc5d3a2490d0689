"""The engine's property values as plain Python data, and back, secrets marked.

The SDK has classes for them, which take longer to make than everything else that the provider does with them.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from google.protobuf import struct_pb2  # type: ignore[import-untyped]
from pulumi.runtime import rpc

from onprem.unknown import UNKNOWN

Plain = dict[str, Any]

SIGNATURE = rpc._special_sig_key
SECRET = rpc._special_secret_sig
WRAPPED = (SECRET, rpc._special_output_value_sig)


def plain(properties: struct_pb2.Struct) -> Plain:
    """Dictionaries, lists, texts, numbers; a value that is not known yet is the text UNKNOWN."""
    return {name: _plain(value) for name, value in properties.fields.items()}


def properties(data: Mapping[str, Any]) -> struct_pb2.Struct:
    """The engine's form of `data`; every value in `secrets` is marked secret."""
    struct = struct_pb2.Struct()
    for name, value in data.items():
        _fill(struct.fields[name], value, is_secret=name == "secrets")
    return struct


def secret_paths(properties: struct_pb2.Struct) -> Iterator[str]:
    """The inputs other than `secrets` that hold a secret."""
    return (name for name, value in properties.fields.items() if name != "secrets" and _holds_secret(value))


def _plain(value: Any) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return value.string_value
    if kind == "struct_value":
        fields = value.struct_value.fields
        if _signature(fields) in WRAPPED:
            return _plain(fields["value"]) if "value" in fields else UNKNOWN
        return {name: _plain(item) for name, item in fields.items()}
    if kind == "list_value":
        return [_plain(item) for item in value.list_value.values]
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    return value.bool_value if kind == "bool_value" else None


def _fill(target: Any, value: Any, *, is_secret: bool) -> None:
    if isinstance(value, Mapping):
        target.struct_value.SetInParent()
        fields = target.struct_value.fields
        for name, item in value.items():
            _fill(fields[name], item, is_secret=is_secret)
    elif isinstance(value, list | tuple):
        target.list_value.SetInParent()
        for item in value:
            _fill(target.list_value.values.add(), item, is_secret=is_secret)
    elif is_secret:
        fields = target.struct_value.fields
        fields[SIGNATURE].string_value = SECRET
        _fill(fields["value"], value, is_secret=False)
    elif isinstance(value, str):
        target.string_value = value
    elif isinstance(value, bool):
        target.bool_value = value
    elif value is None:
        target.null_value = struct_pb2.NULL_VALUE
    else:
        target.number_value = value


def _holds_secret(value: Any) -> bool:
    kind = value.WhichOneof("kind")
    if kind == "list_value":
        return any(_holds_secret(item) for item in value.list_value.values)
    if kind != "struct_value":
        return False
    fields = value.struct_value.fields
    if _signature(fields) == SECRET or (_signature(fields) in WRAPPED and fields["secret"].bool_value):
        return True
    return any(_holds_secret(item) for item in fields.values())


def _signature(fields: Any) -> str | None:
    return fields[SIGNATURE].string_value if SIGNATURE in fields else None
