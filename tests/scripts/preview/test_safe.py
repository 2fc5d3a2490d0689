"""Text that is shown says what it says, and nothing in it acts."""

from commands.preview.safe import code, fenced, secrets_of, visible, without


def test_controls_and_hidden_characters_are_written_out() -> None:
    assert visible("\x1b[31mred\x07\u202e\u200b\u2028\x85\r\n\tend") == (
        "\\x1b[31mred\\x07\\u202e\\u200b\\u2028\\x85\\x0d\n\tend"
    )


def test_letters_of_any_script_stay() -> None:
    assert visible("zażółć 漢字 ±…") == "zażółć 漢字 ±…"


def test_plain_text_is_a_code_span() -> None:
    assert code("@team <b> \\ $x") == "`@team <b> \\ $x`"


def test_what_ends_a_span_or_a_cell_is_written_as_entities() -> None:
    assert code("a|`@b`") == "<code>a&#124;&#96;&#64;b&#96;</code>"


def test_lines_become_one() -> None:
    assert code("a\nb\r\n") == "`a b\\x0d`"


def test_a_fence_is_longer_than_any_in_it() -> None:
    assert fenced(["+````", "+a"], "diff") == ["`````diff", "+````", "+a", "`````"]


def test_a_fence_has_three_backticks_at_least() -> None:
    assert fenced(["+`"], "diff") == ["```diff", "+`", "```"]


def test_secrets_are_variables_named_like_one() -> None:
    environment = {
        "PULUMI_CONFIG_PASSPHRASE": "correct horse",
        "PULUMI_CONFIG_PASSPHRASE_FILE": "/run/passphrase",
        "AWS_SECRET_ACCESS_KEY": "0123456789",
        "GH_TOKEN": "short",
        "HOME": "/home/operator",
    }

    assert secrets_of(environment) == {"correct horse", "0123456789"}


def test_secrets_are_hidden_wherever_they_stand() -> None:
    document = {"a": ["x correct horse battery", {"b": "correct horse"}], "n": 1}

    assert without(document, {"correct horse", "correct horse battery"}) == {
        "a": ["x [secret]", {"b": "[secret]"}],
        "n": 1,
    }
