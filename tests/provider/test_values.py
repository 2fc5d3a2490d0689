"""The engine's property values, as its own SDK writes and reads them."""

from typing import Any

import pytest
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.runtime import rpc

from onprem.unknown import UNKNOWN
from onprem.values import plain, properties, secret_paths

DATA = {
    "host": "web1",
    "confirm": True,
    "requirements": {"cores": 2, "load": 0.5, "ssd": False, "none": None},
    "packages": ["nginx", "", ["nested"]],
    "files": {},
    "steps": [],
    "secrets": {"pw": "canary", "later": UNKNOWN},
}


def as_the_sdk_has_it(value: Any, *, secret: bool = False) -> PropertyValue:
    if isinstance(value, dict):
        return PropertyValue({name: as_the_sdk_has_it(item, secret=secret) for name, item in value.items()})
    if isinstance(value, list):
        return PropertyValue([as_the_sdk_has_it(item, secret=secret) for item in value])
    number = isinstance(value, int) and not isinstance(value, bool)
    return PropertyValue(float(value) if number else value, is_secret=secret)


def test_are_written_as_the_sdk_writes_them() -> None:
    sdk = {name: as_the_sdk_has_it(value, secret=name == "secrets") for name, value in DATA.items()}

    assert properties(DATA) == PropertyValue.marshal_map(sdk)


def test_come_back_as_they_were() -> None:
    assert plain(properties(DATA)) == DATA


@pytest.mark.parametrize(
    ("value", "secret"),
    [
        (PropertyValue("text"), False),
        (PropertyValue("text", is_secret=True), True),
        (PropertyValue("text", dependencies=["urn"]), False),
        (PropertyValue("text", is_secret=True, dependencies=["urn"]), True),
        (PropertyValue([PropertyValue({"in": PropertyValue("text", is_secret=True)})]), True),
    ],
)
def test_a_secret_is_found_wherever_it_stands(value: PropertyValue, secret: bool) -> None:
    assert list(secret_paths(PropertyValue.marshal_map({"leave": value, "secrets": value}))) == ["leave"] * secret


@pytest.mark.parametrize("value", [PropertyValue("text", is_secret=True), PropertyValue("text", dependencies=["urn"])])
def test_what_the_engine_wraps_is_unwrapped(value: PropertyValue) -> None:
    assert plain(PropertyValue.marshal_map({"leave": value})) == {"leave": "text"}


def test_an_output_that_is_not_known_yet_is_the_mark_of_that() -> None:
    assert plain(properties({"leave": {rpc._special_sig_key: rpc._special_output_value_sig}})) == {"leave": UNKNOWN}


def test_an_asset_is_no_text() -> None:
    asset = {rpc._special_sig_key: rpc._special_asset_sig, "text": "content"}

    assert plain(properties({"leave": asset})) == {"leave": asset}
