"""What a declaration of a service must hold to beyond its shape. Pure: no host is asked."""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from onprem.differences import step
from onprem.unknown import is_unknown

REFERENCE = re.compile(r"\$\{(value|secret):([^}]*)\}")
UNQUOTED = re.compile(r"[A-Za-z0-9._~-]+")
PEM = re.compile(r"(-----BEGIN ([A-Z0-9 ]+)-----\n([A-Za-z0-9+/=]+\n)+-----END \2-----\n*)+")
WATCHING = {"units": ("reload_on", "restart_on"), "steps": ("restarts_on",)}
"""Where a declaration names files whose change has an effect."""

Declared = Mapping[str, Any]


def problems(declared: Declared) -> list[str]:
    """Every broken rule, path first; `declared` has the shape already."""
    rules = (_references, _secrets, _validated, _watched, _step_names, _cycles)
    return [problem for rule in rules for problem in rule(declared)]


def identity(inputs: Declared, previous: Declared, hosts: Collection[str]) -> list[str]:
    """A host that is not among `hosts`, and names that changed: they are the resource's ID."""
    found = []
    if isinstance(host := inputs.get("host"), str) and host not in hosts:
        found.append(f"host: {host!r} is not in onprem:hosts; known hosts: {', '.join(sorted(hosts)) or 'none'}")
    if (proving := (inputs.get("proof") or {}).get("host")) and proving not in hosts:
        found.append(f"proof.host: {proving!r} is not in onprem:hosts")
    for key in ("host", "service"):
        if key in previous and previous[key] != inputs.get(key):
            found.append(f"{key}: cannot change from {previous[key]!r}; remove this resource and declare a new one")
    return found


def references(text: str, kind: str) -> set[str]:
    """The names of the values or secrets that `text` refers to."""
    return {name for found, name in REFERENCE.findall(text) if found == kind}


def _texts(declared: Declared) -> Iterator[tuple[str, str, bool]]:
    """Path, text, and whether secrets may stand in it."""
    for path, file in declared.get("files", {}).items():
        yield f"files{step('files', path)}.content", file["content"], True
    for name, entry in declared.get("steps", {}).items():
        for key in ("read", "want", "act", "stdin"):
            yield f"steps{step('steps', name)}.{key}", entry[key], key == "stdin"
    for path, command in declared.get("validate", {}).items():
        yield f"validate{step('validate', path)}", command, False
    for key in ("before_restart", "leave"):
        yield key, declared.get(key, ""), False
    yield "healthy.command", (declared.get("healthy") or {}).get("command", ""), False


def _references(declared: Declared) -> Iterator[str]:
    for path, text, may_hold_secrets in _texts(declared):
        for kind in ("value", "secret"):
            known = declared.get(f"{kind}s", {})
            for name in sorted(references(text, kind) - known.keys()):
                yield f"{path}: ${{{kind}:{name}}} is not in {kind}s; known: {', '.join(sorted(known)) or 'none'}"
        if not may_hold_secrets and references(text, "secret"):
            yield f"{path}: refers to a secret; secrets may stand in file contents and in stdin only"


def _secrets(declared: Declared) -> Iterator[str]:
    for name, text in declared.get("secrets", {}).items():
        if not (is_unknown(text) or UNQUOTED.fullmatch(text) or PEM.fullmatch(text)):
            yield (
                f"secrets{step('secrets', name)}: is empty or has characters that some file format would need to quote;"
                " expected letters, digits and . _ ~ - only, or PEM"
            )


def _validated(declared: Declared) -> Iterator[str]:
    for path in declared.get("validate", {}).keys() - declared.get("files", {}).keys():
        yield f"validate{step('validate', path)}: {path} is not in files"


def _watched(declared: Declared) -> Iterator[str]:
    files = declared.get("files", {})
    for section, keys in WATCHING.items():
        for name, entry in declared.get(section, {}).items():
            for key in keys:
                for path in (path for path in entry[key] if path not in files):
                    yield f"{section}{step(section, name)}.{key}: {path} is not in files"


def _step_names(declared: Declared) -> Iterator[str]:
    steps = declared.get("steps", {})
    for name, entry in steps.items():
        for earlier in entry["after"]:
            at = f"steps{step('steps', name)}.after"
            if earlier not in steps:
                yield f"{at}: there is no step {earlier!r}"
            elif entry["when"] == "before_start" and steps[earlier]["when"] == "healthy":
                yield f"{at}: runs before the start, but {earlier!r} only once healthy"


def _cycles(declared: Declared) -> Iterator[str]:
    waiting = {name: set(entry["after"]) for name, entry in declared.get("steps", {}).items()}
    while free := [name for name, after in waiting.items() if not after & waiting.keys()]:
        for name in free:
            del waiting[name]
    if waiting:
        yield f"steps: {', '.join(sorted(waiting))} wait for each other"
