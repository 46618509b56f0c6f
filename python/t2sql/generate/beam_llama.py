"""Beam search in llama.cpp's server: each step asks for one token behind every beginning, in parallel slots.

The server holds a sequence in each slot and finds the slot whose tokens begin most like a prompt, so that a
beginning computes its last token, and what is left of another where two have the same parent. The masks are
ours: the server's own grammar begins anew with every request.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

from llguidance import LLTokenizer

from t2sql import gguf
from t2sql.generate.beam import MARGIN, Beginning, Search
from t2sql.generate.request import Cancelled, Generation, Request
from t2sql.grammar import Paths
from t2sql.prompt import prompt_text
from t2sql.runtimes import LlamaServer, post

Json: TypeAlias = dict[str, Any]

_REPORTED = (100, 2000)
"""The likeliest tokens that the server names; where those do not do, it is asked for more, then for all."""
_CERTAIN = 1000.0
"""A logit bias that makes a token win whatever the model computes."""
_FIELDS = ["index", "completion_probabilities"]


class LlamaBeams:
    """Searches in the server of one file, whose vocabulary is read once, which takes a moment."""

    def __init__(self, path: Path) -> None:
        """Read the vocabulary.

        Args:
            path: The GGUF file.

        Raises:
            InputError: Its tokenizer is of a kind that this package does not know.
        """
        source = gguf.read_gguf(path)
        ids = gguf.special_ids(source)
        ends = [ids["eos"]] if "eos" in ids else []
        self._vocabulary = LLTokenizer(gguf.tokenizer_json(source), eos_token=ends)
        self._ends = frozenset(ends)
        self._paths = Paths(self._vocabulary)

    def search(
        self, server: LlamaServer, context: int, request: Request, candidates: int, cancelled: Cancelled
    ) -> list[Generation]:
        """Find the likeliest answers.

        Args:
            server: The server of the file.
            context: Tokens of a slot.
            request: What to generate; it has a grammar.
            candidates: The most answers.
            cancelled: As for `Backend.beam`.

        Raises:
            ContextError, WorkError: As for `Backend.beam`.
        """
        assert request.grammar is not None
        text = prompt_text(request.prompt)
        prompt = post(server, "/tokenize", {"content": text, "add_special": True})["tokens"]
        letter = post(server, "/tokenize", {"content": "a", "add_special": False})["tokens"][-1]
        search = Search(
            expander=LlamaExpander(server, prompt, letter),
            ends=self._ends,
            decode=self._vocabulary.decode_str,
            width=candidates,
            max_tokens=max(1, min(request.max_tokens, context - len(prompt) - 1)),
            prompt_tokens=len(prompt),
            cancelled=cancelled,
        )
        return search.run(self._paths.of(request.grammar))


class LlamaExpander:
    """Computes beginnings in a server."""

    def __init__(self, server: LlamaServer, prompt: Sequence[int], letter: int) -> None:
        """Remember the prompt; nothing is computed yet.

        Args:
            server: It.
            prompt: Token ids.
            letter: A token that is a whole character: behind another the server reports nothing.
        """
        self._server = server
        self._prompt = list(prompt)
        self._letter = letter

    def expand(self, beginnings: Sequence[Beginning], most: int) -> list[list[tuple[int, float]]]:
        """See `Expander.expand`."""
        prompts = [[*self._prompt, *one.tokens] for one in beginnings]
        allowed = [one.path.allowed() for one in beginnings]
        following: list[list[tuple[int, float]]] = [[] for _ in beginnings]
        left = list(range(len(beginnings)))
        for reported in (*_REPORTED, len(allowed[0])):
            answers = self._ask([prompts[index] for index in left], reported)
            short = []
            for index, answer in zip(left, answers, strict=True):
                top = _top(answer)
                following[index] = [one for one in top if allowed[index][one[0]]][:most]
                if not _is_enough(following[index], most, top):
                    short.append(index)
            left = short
            if not left:
                break
        return following

    def _ask(self, prompts: list[list[int]], reported: int) -> list[Json]:
        body = {
            "prompt": prompts,
            "n_predict": 1,
            "temperature": 0.0,
            "n_probs": reported,
            "logit_bias": [[self._letter, _CERTAIN]],
            "cache_prompt": True,
            "response_fields": _FIELDS,
        }
        answers = post(self._server, "/completion", body)
        return sorted(answers, key=lambda one: one["index"]) if isinstance(answers, list) else [answers]


def _is_enough(found: Sequence[tuple[int, float]], most: int, top: Sequence[tuple[int, float]]) -> bool:
    """Whether the search would give up every allowed token that is not among the likeliest reported."""
    return len(found) >= most or (bool(found) and top[-1][1] < found[0][1] - MARGIN)


def _top(answer: Json) -> list[tuple[int, float]]:
    """The tokens that the server named, the likeliest first."""
    return [
        (int(one["id"]), float(one["logprob"]))
        for reported in answer.get("completion_probabilities") or ()
        for one in reported["top_logprobs"]
        if one["logprob"] is not None
    ]
