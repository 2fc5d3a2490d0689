"""Stand-ins for pulumi-random: real randomness from the operating system, the same properties.

RandomPassword's `bcryptHash` is left out: nothing here needs it.
"""

import base64
import secrets
import string
from collections.abc import Mapping
from typing import Any

DEFAULT_SPECIAL = "!@#$%&*()-_=+[]{}<>:?"

Properties = dict[str, Any]


def random_string(inputs: Mapping[str, Any]) -> tuple[str, Properties]:
    """RandomPassword and RandomString: the least number of each class first, the rest from all, shuffled."""
    special = inputs.get("overrideSpecial") or DEFAULT_SPECIAL
    numeric = inputs.get("numeric", inputs.get("number", True))
    classes = {
        "Lower": string.ascii_lowercase if inputs.get("lower", True) else "",
        "Upper": string.ascii_uppercase if inputs.get("upper", True) else "",
        "Numeric": string.digits if numeric else "",
        "Special": special if inputs.get("special", True) else "",
    }
    least = {name: int(inputs.get(f"min{name}") or 0) for name in classes}
    letters = [secrets.choice(kind) for name, kind in classes.items() for _ in range(least[name])]
    everything = "".join(classes.values())
    letters += [secrets.choice(everything) for _ in range(int(inputs["length"]) - len(letters))]
    secrets.SystemRandom().shuffle(letters)
    return "none", {"result": "".join(letters)}


def random_bytes(inputs: Mapping[str, Any]) -> tuple[str, Properties]:
    """RandomBytes."""
    value = secrets.token_bytes(int(inputs["length"]))
    return "none", {"base64": base64.b64encode(value).decode(), "hex": value.hex()}


def random_id(inputs: Mapping[str, Any]) -> tuple[str, Properties]:
    """RandomId: its ID is the URL-safe text without padding, and each form begins with `prefix`."""
    value = secrets.token_bytes(int(inputs["byteLength"]))
    prefix = inputs.get("prefix") or ""
    url = base64.urlsafe_b64encode(value).decode().rstrip("=")
    forms = {
        "b64Std": base64.b64encode(value).decode(),
        "b64Url": url,
        "dec": str(int.from_bytes(value)),
        "hex": value.hex(),
    }
    return url, {name: prefix + form for name, form in forms.items()}
