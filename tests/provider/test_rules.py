"""What a declaration may and may not say, and the sentence for each fault."""

from typing import Any

import pytest

from onprem.declarations import HostShape, ServiceShape, complete
from onprem.rules import problems

PEM = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIA==\n-----END EC PRIVATE KEY-----\n"
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
STEP = {"read": "cat x", "want": "yes", "act": "echo yes > x"}


def faults(**inputs: Any) -> list[str]:
    whole, found = complete(ServiceShape, {"host": "db1", "service": "postgresql", **inputs})
    return found or problems(whole)


def test_a_whole_declaration_has_no_faults() -> None:
    assert (
        faults(
            packages={"postgresql-15": "", "libpq5": "15.4-1"},
            users={"postgres": {"groups": ["ssl-cert"]}},
            directories={"/srv/pg": {"mode": "0700"}},
            files={"/etc/pg.conf": {"content": "a=${value:a}\nb=${secret:b}\n"}},
            values={"a": UNKNOWN},
            secrets={"b": UNKNOWN, "key": PEM, "word": "A-z.0_~"},
            units={"postgresql@15-main.service": {"reload_on": ["/etc/pg.conf"]}},
            steps={"database im": {**STEP, "stdin": "${secret:b}"}, "schema": {**STEP, "after": ["database im"]}},
            validate={"/etc/pg.conf": "check {staged} ${value:a}"},
            before_restart="handover",
            leave="leave",
            healthy={"command": "pg_isready"},
            confirm=True,
        )
        == []
    )


def test_defaults_are_filled_in_and_nothing_else_is_added() -> None:
    whole, _ = complete(ServiceShape, {"host": "a", "service": "b", "files": {"/x": {"content": ""}}})
    assert whole == {
        "host": "a",
        "service": "b",
        "files": {"/x": {"content": "", "mode": "0644", "owner": "root", "group": "root", "early": False}},
    }


def test_every_wrong_shape_is_named_at_once() -> None:
    found = faults(
        file={},
        files={"etc/x": {"content": 1}, "/etc/../x": {"content": "", "mode": "644"}},
        units={"nginx": {"running": "yes"}},
        confirm="no",
        healthy={},
    )
    assert sorted(found) == [
        "confirm: must be true or false",
        "file: unknown; the names that exist are in provider/README.md",
        "files[\"/etc/../x\"].mode: '644' cannot be used; expected four octal digits such as 0644",
        "files[\"/etc/../x\"]: '/etc/../x' cannot be used; expected an absolute path in its shortest form",
        'files["etc/x"].content: must be text',
        "files[\"etc/x\"]: 'etc/x' cannot be used; expected an absolute path in its shortest form",
        "healthy.command: is missing",
        "units.nginx.running: must be true or false",
        "units.nginx: 'nginx' cannot be used; expected a unit like x.service",
    ]


@pytest.mark.parametrize(
    ("inputs", "sentence"),
    [
        (
            {"files": {"/x": {"content": UNKNOWN}}},
            'files["/x"].content: is computed; only values and secrets may hold computed data',
        ),
        ({"files": {"/x": {"content": "${value:a}"}}}, 'files["/x"].content: ${value:a} is not in values; known: none'),
        (
            {"files": {"/x": {"content": "${secret:a}"}}, "secrets": {"b": "x"}},
            'files["/x"].content: ${secret:a} is not in secrets; known: b',
        ),
        (
            {"healthy": {"command": "psql ${secret:b}"}, "secrets": {"b": "x"}},
            "healthy.command: refers to a secret; secrets may stand in file contents and in stdin only",
        ),
        (
            {"steps": {"go": {**STEP, "act": "login ${secret:b}"}}, "secrets": {"b": "x"}},
            "steps.go.act: refers to a secret; secrets may stand in file contents and in stdin only",
        ),
        ({"validate": {"/x": "true"}}, 'validate["/x"]: /x is not in files'),
        ({"units": {"x.service": {"reload_on": ["/x"]}}}, 'units["x.service"].reload_on: /x is not in files'),
        ({"steps": {"x": {**STEP, "restarts_on": ["/x"]}}}, "steps.x.restarts_on: /x is not in files"),
        ({"steps": {"a": {**STEP, "after": ["b"]}}}, "steps.a.after: there is no step 'b'"),
        (
            {"steps": {"a": {**STEP, "after": ["b"], "when": "before_start"}, "b": STEP}},
            "steps.a.after: runs before the start, but 'b' only once healthy",
        ),
        (
            {"steps": {"a": {**STEP, "after": ["b"]}, "b": {**STEP, "after": ["a"]}, "c": STEP}},
            "steps: a, b wait for each other",
        ),
    ],
)
def test_a_broken_rule_has_its_sentence(inputs: dict[str, Any], sentence: str) -> None:
    assert faults(**inputs) == [sentence]


@pytest.mark.parametrize("text", ["", "has space", 'quo"te', "two\nlines", "$(x)", PEM + "extra stuff\n", "a\n"])
def test_a_secret_that_needs_quoting_is_refused_without_being_shown(text: str) -> None:
    assert faults(secrets={"word": text}) == [
        "secrets.word: is empty or has characters that some file format would need to quote;"
        " expected letters, digits and . _ ~ - only, or PEM"
    ]


def test_wrong_requirements_are_named() -> None:
    _, found = complete(HostShape, {"host": "a", "requirements": {"memory_gb": 4, "cores": "two"}, "packages": "x"})
    assert found == [
        "requirements.cores: Input should be a valid integer, unable to parse string as an integer",
        "requirements.memory_gb: unknown; the names that exist are in provider/README.md",
        "packages: must be a list",
    ]
