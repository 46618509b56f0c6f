"""A GGUF file in llama.cpp, asked for token ids and for the distribution of the next token."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from t2sql.errors import WorkError
from t2sql.runtimes.llama_parameters import ServerParameters
from t2sql.runtimes.llama_process import LlamaServer
from t2sql.runtimes.llama_requests import post

_SINGLE_THREADED_BELOW = 1 << 30
"""Bytes of a file under which one thread is used (see `LlamaPredictor`)."""

_CERTAIN = 1000.0
"""A logit bias that makes a token win whatever the model computes."""


class Prediction(NamedTuple):
    """What a model predicts after some tokens, before any sampling.

    Attributes:
        top: The likeliest next tokens, as (id, natural log-probability), likeliest first.
        following: The log-probability of the token that was asked about; None where it is not known.
    """

    top: list[tuple[int, float]]
    following: float | None


class LlamaPredictor:
    """A GGUF file in llama.cpp on the CPU, with float32 caches; use it as a context manager.

    Files under 1 GiB run on one thread: several meet at a spinning barrier hundreds of times a token, so
    on a busy machine one is ten times as fast, and on an idle one it loses little on so small a model.

    Attributes:
        single_threaded: Whether this file does.
    """

    def __init__(self, path: Path, *, context: int = 512, adapter: Path | None = None) -> None:
        """Load the file.

        Args:
            path: The GGUF file.
            context: Tokens that one request may have.
            adapter: A GGUF adapter to apply.

        Raises:
            WorkError: llama.cpp does not load it.
        """
        self.single_threaded = path.stat().st_size < _SINGLE_THREADED_BELOW
        threads = 1 if self.single_threaded else None
        parameters = ServerParameters(
            path, context, adapter=adapter, threads=threads, gpu_layers=0, exact=True
        )
        try:
            self._server = LlamaServer(parameters)
        except RuntimeError as error:
            raise WorkError("llama.cpp does not load the file", where=path, found=error) from None
        self._letter = self.tokenize("a", special=False)[-1]

    def __enter__(self) -> LlamaPredictor:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self.close()

    def close(self) -> None:
        """Stop the server and free the model's memory."""
        self._server.close()

    def tokenize(self, text: str, *, special: bool = True) -> list[int]:
        """Token ids of a text; with `special`, BOS and EOS are added if the file asks for them."""
        return list(post(self._server, "/tokenize", {"content": text, "add_special": special})["tokens"])

    def top(self, ids: Sequence[int], k: int) -> list[tuple[int, float]]:
        """The `k` likeliest next tokens after `ids`, as (id, natural log-probability)."""
        return self.predict(ids, self._letter, k).top

    def predict(self, ids: Sequence[int], following: int, k: int) -> Prediction:
        """Predict the next token.

        Args:
            ids: The tokens before it.
            following: A token whose log-probability is wanted too.
            k: How many of the likeliest tokens are wanted.

        Raises:
            WorkError: The server refused the request or gave no probabilities.
        """
        # llama.cpp reports the probabilities of the token that it generates. A bias makes that the wanted
        # one; the probabilities are those without it. Where the token ends within a character nothing is
        # reported: then a plain letter is generated, for the likeliest tokens alone.
        for wins in (following, self._letter):
            bias = [[wins, _CERTAIN]]
            body = {"prompt": list(ids), "n_predict": 1, "n_probs": k, "temperature": 0.0, "logit_bias": bias}
            answers = post(self._server, "/completion", body).get("completion_probabilities")
            if answers:
                top = [(one["id"], _log_probability(one["logprob"])) for one in answers[0]["top_logprobs"]]
                known = wins == following == answers[0]["id"]
                return Prediction(top, _log_probability(answers[0]["logprob"]) if known else None)
        raise WorkError("llama.cpp gave no probabilities", found=f"token {following}")


def _log_probability(value: float | None) -> float:
    """A number of the server's JSON, which has no NaN: a model that computes one reports null."""
    return -math.inf if value is None else value
