"""Beam search: the likeliest statements under a grammar, the same in both runtimes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from llguidance import LLTokenizer
from support.backends import ScriptedBackend

from t2sql.errors import ContextError, InputError
from t2sql.generate import Asker, AskOptions, Backend, BackendOptions, Generation, Request, open_backend
from t2sql.generate.beam import Beginning, Search
from t2sql.grammar import Grammar, Paths, grammar_of
from t2sql.grammar.notations import TerminalChoice
from t2sql.schema import read_table_lines

SCHEMA = read_table_lines(["t: a, b"])
REQUEST = Request("table t: a, b\nQ: a?\nA: ", max_tokens=60, grammar=grammar_of(SCHEMA), logprobs=True)
BYTES = LLTokenizer("byte")
END = BYTES.eos_token


def logprob(token: int) -> float:
    return -((token * 37) % 101 + 1) / 50


class LettersAlone:
    """A model over bytes to which the letters before do not matter."""

    def expand(self, beginnings: Sequence[Beginning], most: int) -> list[list[tuple[int, float]]]:
        allowed = [[int(token) for token in one.path.allowed().nonzero()[0]] for one in beginnings]
        ranked = [sorted(tokens, key=logprob, reverse=True)[:most] for tokens in allowed]
        return [[(token, logprob(token)) for token in tokens] for tokens in ranked]


def search(grammar: Grammar, width: int, max_tokens: int = 80) -> list[Generation]:
    one = Search(
        expander=LettersAlone(),
        ends=frozenset([END]),
        decode=BYTES.decode_str,
        width=width,
        max_tokens=max_tokens,
        prompt_tokens=0,
        cancelled=lambda: False,
    )
    return one.run(Paths(BYTES).of(grammar))


def score(text: str) -> float:
    return sum(map(logprob, [*text.encode(), END]))


def test_a_search_as_wide_as_the_grammar_finds_the_likeliest_of_all() -> None:
    texts = tuple(f"SELECT {a} FROM {b}" for a in ("a", "bb", "a, b", "b, a") for b in ("t", "u", "t, u"))
    found = search(Grammar({"root": TerminalChoice(texts)}), len(texts))
    assert [one.text for one in found] == sorted(texts, key=score, reverse=True)


@pytest.mark.parametrize("width", [1, 2, 5, 16])
def test_candidates_differ_are_in_the_grammar_and_come_by_their_probability(width: int) -> None:
    found = search(grammar_of(SCHEMA), width)
    assert 1 <= len(found) <= width
    assert len({one.text for one in found}) == len(found)
    scores = [one.score for one in found if one.score is not None]
    assert scores == sorted(scores, reverse=True)
    for one in found:
        assert grammar_of(SCHEMA).matches(one.text)
        assert one.score == pytest.approx(score(one.text))
        assert one.logprob == pytest.approx(sum(map(logprob, one.text.encode())) / len(one.text))


def test_a_search_that_reaches_no_end_says_that_it_was_cut_off() -> None:
    [only] = search(grammar_of(SCHEMA), 3, max_tokens=4)
    assert only.finish == "length"
    assert only.tokens == 4


@pytest.fixture(scope="module", params=["llama", "mlx"])
def backend(request: Any, tiny_llama: Path, gguf_of: Callable[..., Path]) -> Any:
    opened = open_backend(gguf_of(tiny_llama), request.param, BackendOptions(slots=4, context=256))
    yield opened
    opened.close()


def test_candidates_of_a_runtime_differ_and_are_in_the_grammar(backend: Backend) -> None:
    found = backend.beam(REQUEST, 4)
    assert REQUEST.grammar is not None
    assert len({one.text for one in found}) == len(found)
    for one in found:
        assert one.finish == "length" or REQUEST.grammar.matches(one.text)
        assert one.logprob is not None and one.score is not None
        assert one.score <= one.logprob < 0


def test_both_runtimes_find_the_same(tiny_llama: Path, gguf_of: Callable[..., Path]) -> None:
    found = []
    for name in ("llama", "mlx"):
        with closing(open_backend(gguf_of(tiny_llama), name, BackendOptions(slots=3, context=256))) as opened:
            found.append(opened.beam(REQUEST, 3))
    ours, theirs = found
    assert ours[0].text == theirs[0].text
    for one, other in zip(ours, theirs, strict=True):
        assert one.score is not None and other.score is not None
        assert math.isclose(one.score, other.score, rel_tol=0.02)
    assert ours[0].prompt_tokens == theirs[0].prompt_tokens


def test_a_prompt_that_does_not_fit_is_a_context_error(backend: Backend) -> None:
    long = Request("word " * 600, max_tokens=20, grammar=grammar_of(SCHEMA))
    with pytest.raises(ContextError):
        backend.beam(long, 2)


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({"votes": 3}, "--votes 3"),
        ({"temperature": 0.5}, "--temp 0.5"),
        ({"free": True}, "--free"),
        ({"grammar": "off"}, "--grammar off"),
    ],
)
def test_a_search_goes_with_the_grammar_alone(options: dict[str, Any], found: str) -> None:
    with pytest.raises(InputError, match=found):
        AskOptions(beam=4, **options)
    with pytest.raises(InputError, match="1 to 16"):
        AskOptions(beam=17)


def test_a_raw_prompt_is_not_searched() -> None:
    with pytest.raises(InputError, match="--beam needs tables"):
        Asker(ScriptedBackend("x"), AskOptions(beam=2)).complete("Q: x\nA: ")
