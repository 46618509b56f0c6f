"""Names of prompt formats."""

from __future__ import annotations

import pytest

from t2sql.errors import InputError
from t2sql.prompt import DEFAULT_FORMAT, PROMPT_PARTS, PromptFormat


def test_a_name_has_the_version_and_the_parts_in_one_order() -> None:
    prompt_format = PromptFormat.of("t2sql.prompt.2+keys+comments+types")
    assert prompt_format.parts == ("types", "keys", "comments")
    assert prompt_format.name == "t2sql.prompt.2+types+keys+comments"
    assert PromptFormat.of("2+evidence+" + "+".join(PROMPT_PARTS)).parts == PROMPT_PARTS


@pytest.mark.parametrize("name", ["t2sql.prompt.1", "t2sql.prompt.2", "t2sql.prompt.2+keys+values"])
def test_a_name_is_read_as_it_is_written(name: str) -> None:
    assert PromptFormat.of(name).name == str(PromptFormat.of(name)) == name
    assert PromptFormat.known(name) == PromptFormat.of(name)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("t2sql.prompt.3", "unknown prompt format"),
        ("", "unknown prompt format"),
        ("types", "unknown prompt format"),
        ("2+kinds", "no part 'kinds'"),
        ("2+", "no part ''"),
        ("1+types", "version 1 has no part 'types'"),
    ],
)
def test_an_unknown_version_or_part_is_an_error(name: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        PromptFormat.of(name)
    assert PromptFormat.known(name) is None


def test_version_1_is_the_default() -> None:
    assert DEFAULT_FORMAT.name == "t2sql.prompt.1"
    assert PromptFormat.known(None) is None
