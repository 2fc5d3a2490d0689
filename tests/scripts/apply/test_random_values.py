"""Stand-ins for pulumi-random."""

import string

from hypothesis import given
from hypothesis import strategies as st

from commands.apply.random_values import random_bytes, random_id, random_string

LEAST = st.integers(min_value=0, max_value=4)


@given(LEAST, LEAST, LEAST, LEAST)
def test_password_has_the_least_number_of_each_class(lower: int, upper: int, numeric: int, special: int) -> None:
    least = {"minLower": lower, "minUpper": upper, "minNumeric": numeric, "minSpecial": special}

    result = random_string({"length": 20, "overrideSpecial": "._~-", **least})[1]["result"]

    assert len(result) == 20
    assert sum(letter in string.ascii_lowercase for letter in result) >= lower
    assert sum(letter in string.ascii_uppercase for letter in result) >= upper
    assert sum(letter in string.digits for letter in result) >= numeric
    assert sum(letter in "._~-" for letter in result) >= special
    assert set(result) <= set(string.ascii_letters + string.digits + "._~-")


def test_password_without_special_letters_has_none() -> None:
    assert random_string({"length": 500, "special": False})[1]["result"].isalnum()


def test_no_value_comes_twice() -> None:
    made = {random_string({"length": 32})[1]["result"] for _ in range(100)}
    made |= {random_bytes({"length": 32})[1]["hex"] for _ in range(100)}
    made |= {random_id({"byteLength": 32})[0] for _ in range(100)}

    assert len(made) == 300


def test_forms_of_an_id_begin_with_its_prefix_and_mean_the_same() -> None:
    _, forms = random_id({"byteLength": 8, "prefix": "node-"})

    assert int(forms["hex"].removeprefix("node-"), 16) == int(forms["dec"].removeprefix("node-"))
    assert forms["b64Std"].startswith("node-")
