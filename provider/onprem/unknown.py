"""What the engine sends in the place of a value that is not known yet. Apart, because importing its SDK takes long."""

from typing import Any

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""`pulumi.runtime.rpc.UNKNOWN`."""


def is_unknown(value: Any) -> bool:
    """Whether `value` is only known once something else was made."""
    return isinstance(value, str) and value == UNKNOWN
