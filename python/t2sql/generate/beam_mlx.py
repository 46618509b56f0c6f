"""Beam search in MLX: a row of the batch for each beginning, the caches' rows rearranged after each token."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from t2sql.generate.beam import Beginning
from t2sql.runtimes import Array, Module, mx

from mlx_lm.models.cache import make_prompt_cache  # isort: skip  # After `mx`, which loads MLX with our BLAS.

Cache: TypeAlias = Any
"""mlx-lm's cache of a layer: keys and values `[rows, heads, positions, width]` in its `state`."""

_PREFILL_TOKENS = 512


class MlxExpander:
    """Computes beginnings in MLX; the prompt is computed once."""

    def __init__(self, network: Module, prompt: Sequence[int]) -> None:
        """Remember the prompt; nothing is computed yet.

        Args:
            network: The model.
            prompt: Token ids.
        """
        self._network = network
        self._prompt = list(prompt)
        self._caches: list[Cache] | None = None

    def expand(self, beginnings: Sequence[Beginning], most: int) -> list[list[tuple[int, float]]]:
        """See `Expander.expand`."""
        logprobs = self._logprobs(beginnings)
        return [
            _likeliest(row, one.path.allowed(), most) for row, one in zip(logprobs, beginnings, strict=True)
        ]

    def _logprobs(self, beginnings: Sequence[Beginning]) -> np.ndarray[Any, np.dtype[np.float32]]:
        """The log-probabilities of what comes next, `[beginnings, vocabulary]`."""
        if self._caches is None:
            self._caches = make_prompt_cache(self._network)
            *parts, last = _parts(self._prompt)
            for part in parts:
                self._network(mx.array([part]), cache=self._caches)
                mx.eval([cache.state for cache in self._caches])
            tokens = mx.array([last])
        else:
            rows = mx.array([one.parent for one in beginnings])
            for cache in self._caches:
                cache.state = _taken(cache.state, rows)
            tokens = mx.array([[one.tokens[-1]] for one in beginnings])
        logits: Array = self._network(tokens, cache=self._caches)[:, -1, :].astype(mx.float32)
        return np.array(logits - mx.logsumexp(logits, axis=-1, keepdims=True))


def _parts(tokens: list[int]) -> list[list[int]]:
    return [tokens[begin : begin + _PREFILL_TOKENS] for begin in range(0, len(tokens), _PREFILL_TOKENS)]


def _taken(state: Any, rows: Array) -> Any:
    """A cache's state with these rows of every array in it."""
    if isinstance(state, (list, tuple)):
        return type(state)(_taken(one, rows) for one in state)
    return state[rows] if isinstance(state, mx.array) and state.ndim > 0 else state


def _likeliest(
    logprobs: np.ndarray[Any, np.dtype[np.float32]], allowed: np.ndarray[Any, np.dtype[np.bool_]], most: int
) -> list[tuple[int, float]]:
    """The likeliest tokens that are allowed, the likeliest first."""
    count = min(len(logprobs), len(allowed))
    tokens = np.flatnonzero(allowed[:count])
    ranked = tokens[np.argsort(-logprobs[tokens], kind="stable")[:most]]
    return [(int(token), float(logprobs[token])) for token in ranked]
