"""What is wrong in a stack file, as sentences: `<path>: <what is wrong>; <what is expected or the next step>`."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi


@dataclass(frozen=True, order=True)
class Problem:
    """One mistake, named by its path in the stack file."""

    path: str
    wrong: str
    expected: str

    def __str__(self) -> str:
        return f"{self.path}: {self.wrong}; {self.expected}"


class SettingsError(pulumi.RunError):
    """All the mistakes of a stack file, one a line. Pulumi prints it without a Python traceback."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(str(problem) for problem in self.problems))


def path_of(location: Sequence[str | int]) -> str:
    """Where a setting stands in the stack file, written as `pulumi config set --path` takes it."""
    names = [part for part in location if part != "[key]"]
    text = "onprem:hosts" if names[0] == "hosts" else f"im:{names[0]}"
    return text + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in names[1:])


def unknown(path: str, name: str, known: Iterable[str]) -> Problem:
    """A name that nobody reads, with the closest one that somebody does."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1)
    return Problem(path, "unknown setting", f"did you mean {close[0]}?" if close else f"known here: {', '.join(names)}")


def from_validation(error: Mapping[str, Any], known: Iterable[str], description: str) -> Problem:
    """An error of pydantic in our words. `known` are the names beside it, `description` what the setting is for."""
    path, context, found = path_of(error["loc"]), error.get("ctx", {}), short(shown(error["input"]))
    limits = {name: shown(limit) for name, limit in context.items()}
    kind = error["type"]
    if kind == "extra_forbidden":
        return unknown(path, str(error["loc"][-1]), known)
    if kind == "missing":
        return Problem(path, "missing", f"expected: {description}")
    if kind == "value_error":
        wrong, _, expected = str(context["error"]).partition("; ")
        return Problem(path, wrong, expected)
    sentence = SENTENCES.get(kind)
    if sentence:
        return Problem(path, sentence[0].format(found=found), sentence[1].format_map(limits))
    return Problem(path, f"{found} is refused", f"{error['msg'][0].lower()}{error['msg'][1:]}")


def shown(value: Any) -> str:
    """A value as the stack file has it: `true` and not `True`, `2` and not `2.0`."""
    return str(value).lower() if isinstance(value, bool) else f"{value:g}" if isinstance(value, float) else str(value)


def short(text: str) -> str:
    """At most 60 characters."""
    return text if len(text) <= 60 else f"{text[:57]}..."


SENTENCES: Mapping[str, tuple[str, str]] = {
    "bool_parsing": ("{found} is neither true nor false", "write true or false"),
    "bool_type": ("{found} is neither true nor false", "write true or false"),
    "dict_type": ("{found} is not a map", "write names with a value each, as in stacks/Pulumi.example.yaml"),
    "greater_than": ("{found} is too small", "more than {gt} is expected"),
    "greater_than_equal": ("{found} is too small", "at least {ge} is expected"),
    "int_from_float": ("{found} is not a whole number", "write a whole number"),
    "int_parsing": ("{found} is not a whole number", "write a whole number"),
    "int_type": ("{found} is not a whole number", "write a whole number"),
    "float_parsing": ("{found} is not a number", "write a number"),
    "float_type": ("{found} is not a number", "write a number"),
    "ip_any_network": ("{found} is no network", "write its first address and its length, for example 192.0.2.0/24"),
    "ip_v4_interface": ("{found} is no IPv4 address with a length", "write it as in 192.0.2.10/24"),
    "ip_v6_interface": ("{found} is no IPv6 address with a length", "write it as in 2001:db8::10/64"),
    "multiple_of": ("{found} is between two steps", "a multiple of {multiple_of} is expected"),
    "ip_v4_address": ("{found} is no IPv4 address", "write it as in 192.0.2.10"),
    "ip_v6_address": ("{found} is no IPv6 address", "write it as in 2001:db8::10"),
    "less_than": ("{found} is too large", "less than {lt} is expected"),
    "less_than_equal": ("{found} is too large", "at most {le} is expected"),
    "list_type": ("{found} is not a list", "write a list, for example [db1, db2]"),
    "literal_error": ("{found} is not known", "one of these is expected: {expected}"),
    "model_type": ("{found} is not a map", "write names with a value each, as in stacks/Pulumi.example.yaml"),
    "string_type": ("{found} is not a text", "write it in quotes"),
    "too_short": ("{found} is too short", "at least {min_length} is expected"),
    "tuple_type": ("{found} is not a list", "write a list, for example [db1, db2]"),
}
