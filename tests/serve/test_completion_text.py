"""The text of a completion: its pieces, joined, are the whole, however the text is cut into pieces."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from t2sql.generate import TokenLogprob
from t2sql.serve.completion_text import CompletionText, legacy_logprobs


def pieces(parts: list[str], stops: tuple[str, ...] = ()) -> list[str]:
    text = CompletionText(stops)
    return [*(text.feed(part) for part in parts), text.end()]


@pytest.mark.parametrize(
    ("raw", "stops", "whole"),
    [
        (" SELECT a FROM t ", (), "SELECT a FROM t"),
        (" SELECT a\nFROM t", (), "SELECT a"),
        (" SELECT a</s>", (), "SELECT a"),
        (" a</s></s> <|im_end|>", (), "a"),
        ("a</s> b", (), "a</s> b"),
        (" SELECT Name FROM t", (" FROM",), "SELECT Name"),
        (" SELECT Name FRO", (" FROM",), "SELECT Name FRO"),
        ("a, b, c", ("c", "b"), "a,"),
        (" x", (" ",), ""),
        ("", ("a",), ""),
    ],
)
def test_a_completion_is_one_line_cut_at_a_stop(raw: str, stops: tuple[str, ...], whole: str) -> None:
    assert "".join(pieces([raw], stops)) == whole
    assert "".join(pieces(list(raw), stops)) == whole


@settings(max_examples=300)
@given(
    st.lists(st.text("ab <|/s>e\n'", max_size=4), max_size=8),
    st.lists(st.text("ab <s", min_size=1, max_size=3), max_size=2),
)
def test_the_pieces_joined_are_the_whole(parts: list[str], stops: list[str]) -> None:
    whole = "".join(pieces(["".join(parts)], tuple(stops)))
    assert "".join(pieces(parts, tuple(stops))) == whole == whole.strip()


def test_what_cannot_be_cut_off_any_more_comes_at_once() -> None:
    text = CompletionText((" FROM",))
    assert [text.feed(piece) for piece in (" SEL", "ECT", " Name", " FR", "IDAY", " FROM", "x")] == [
        "SEL",
        "ECT",
        " Name",
        "",
        " FRIDAY",
        "",
        "",
    ]
    assert text.stopped and text.end() == ""


def test_log_probabilities_are_those_of_the_completion_s_tokens() -> None:
    tokens = [TokenLogprob(text, -0.5, ((text, -0.5), ("x", -2.0))) for text in ("  ", " SELECT", " a", "\n")]
    found = legacy_logprobs(tokens, leading_blanks=3, length=len("SELECT a"), top=1)
    assert found.tokens == ["SELECT", " a"] and found.text_offset == [0, 6]
    assert found.token_logprobs == [-0.5, -0.5]
    assert found.top_logprobs == [{" SELECT": -0.5}, {" a": -0.5}]
    assert legacy_logprobs(tokens, 3, 8, top=0).top_logprobs is None
