"""References are put in on the way to the host and taken out again on the way back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onprem.agent.errors import AgentError
from onprem.agent.text import Names, restore

CERTIFICATE = "-----BEGIN\nAAA\nBBB\n-----END"
NAMES = Names({"port": "5432", "certificate": CERTIFICATE}, {"password": "s3cret-word"})


def read_back(template: str, live: str) -> str:
    return restore(template, NAMES, live, lambda line: line)


def test_values_and_secrets_are_joined() -> None:
    joined = NAMES.join("port=${value:port}\npassword=${secret:password}\n", "/etc/x", secret=True)

    assert joined == "port=5432\npassword=s3cret-word\n"


def test_shell_variables_are_left_alone() -> None:
    assert NAMES.join("${value} ${value:-x} $value", "act") == "${value} ${value:-x} $value"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("${value:prot}", "/etc/x refers to ${value:prot}, and there is no value of that name"),
        ("${secret:port}", "/etc/x refers to ${secret:port}, and there is no secret of that name"),
    ],
)
def test_an_unknown_name_is_refused(text: str, message: str) -> None:
    with pytest.raises(AgentError) as caught:
        NAMES.join(text, "/etc/x", secret=True)

    assert str(caught.value) == message


def test_a_secret_is_refused_in_a_command() -> None:
    with pytest.raises(AgentError) as caught:
        NAMES.join("login ${secret:password}", "act of step a")

    assert str(caught.value) == (
        "act of step a refers to ${secret:password}; secrets may stand in files and stdin only"
    )


def test_a_line_that_was_edited_is_the_only_one_that_differs() -> None:
    template = "a=1\nport=${value:port}\nb=2\n"

    assert read_back(template, "a=1\nport=5432\nb=3\n") == "a=1\nport=${value:port}\nb=3\n"
    assert read_back(template, "a=1\nport=5433\nb=2\n") == "a=1\nport=5433\nb=2\n"


def test_other_lines_of_a_file_with_secrets_are_hidden() -> None:
    template = "user=im\npassword=${secret:password}\n"

    assert read_back(template, "user=im\npassword=old-secret\nx\n") == (
        "user=im\n(hidden: this file holds secrets)\n(hidden: this file holds secrets)\n"
    )
    assert read_back(template, "password=s3cret-word\nuser=im\n") == "password=${secret:password}\nuser=im\n"


def test_values_of_several_lines_read_back_as_one_reference() -> None:
    template = "top\n${value:certificate}\nbottom\n"

    assert read_back(template, f"top\n{CERTIFICATE}\nother\n") == "top\n${value:certificate}\nother\n"
    assert read_back(template, f"new\n{CERTIFICATE}\nbottom\n") == "new\n${value:certificate}\nbottom\n"
    assert read_back(template, "top\n-----BEGIN\nAAA\nCCC\n-----END\nbottom\n") == (
        "top\n-----BEGIN\nAAA\nCCC\n-----END\nbottom\n"
    )


def test_a_missing_newline_at_the_end_is_a_difference() -> None:
    assert read_back("a\n", "a") == "a"


def test_a_name_that_is_not_known_yet_stays_a_reference() -> None:
    template = "port=${value:port}\nkey=${value:later}\n"

    assert read_back(template, "port=5432\nkey=1\n") == "port=${value:port}\nkey=1\n"


LINES = st.lists(st.sampled_from(["a", "b", "", "port=${value:port}", "p=${secret:password}", "${value:certificate}"]))


@given(LINES)
def test_a_file_as_declared_reads_as_its_template(lines: list[str]) -> None:
    template = "\n".join(lines)

    assert read_back(template, NAMES.join(template, "/etc/x", secret=True)) == template


@given(LINES, LINES)
def test_no_secret_is_ever_read_back(declared: list[str], found: list[str]) -> None:
    template = "\n".join(["${secret:password}", *declared])
    live = NAMES.join("\n".join(["s3cret-word and more", *found]), "/etc/x", secret=True)

    assert "s3cret-word" not in read_back(template, live)
