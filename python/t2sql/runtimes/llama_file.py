"""llama.cpp's own view of a GGUF: token ids and next-token distributions, from a quiet server."""

from __future__ import annotations

import http.client
import json
import math
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from t2sql.errors import WorkError

_SMALL = 1 << 30


class LlamaFile:
    """A GGUF opened in llama.cpp on the CPU with float32 caches; use as a context manager."""

    def __init__(self, path: Path, *, context: int = 512, adapter: Path | None = None) -> None:
        from t2sql.runtimes.llama_cpp import parameters, start, xllamacpp

        params = parameters(Path(path), context=context, adapter=adapter)
        params.n_gpu_layers = 0
        if Path(path).stat().st_size < _SMALL:
            # Threads meet at a spinning barrier hundreds of times a token: on a busy machine one alone is
            # ten times as fast, and on an idle one it loses little on so small a model.
            params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
        params.ui = False
        # The default float16 caches would blur what the weights do, and so would flash attention, which on
        # the CPU computes in float16 whatever the caches hold.
        params.cache_type_k = xllamacpp.ggml_type.GGML_TYPE_F32
        params.cache_type_v = xllamacpp.ggml_type.GGML_TYPE_F32
        params.flash_attn_type = xllamacpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED
        try:
            self._server: Any = start(params)
        except RuntimeError as error:
            raise WorkError("llama.cpp does not load the file", where=path, found=error) from None
        self._headers = {"Content-Type": "application/json", "Authorization": f"Bearer {params.api_keys[0]}"}
        self._address = self._server.listening_address.removeprefix("http://")
        self._letter = self.tokenize("a", special=False)[-1]

    def __enter__(self) -> LlamaFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._server = None

    def tokenize(self, text: str, *, special: bool = True) -> list[int]:
        """Token ids; `special` adds BOS and EOS as the file says."""
        return list(self._post("/tokenize", {"content": text, "add_special": special})["tokens"])

    def top(self, ids: Sequence[int], k: int) -> list[tuple[int, float]]:
        """The k likeliest next tokens after `ids` with their log-probabilities, before any sampling."""
        return self.predict(ids, self._letter, k)[0]

    def predict(
        self, ids: Sequence[int], following: int, k: int
    ) -> tuple[list[tuple[int, float]], float | None]:
        """The k likeliest next tokens after `ids`, and the log-probability of `following` where it is known.

        Both are the model's own, before any sampling.
        """
        # The reported token is the one that is made to win; the probabilities are those before that bias.
        # They come with whole characters only, so where the token is part of one a plain letter wins.
        for wins in (following, self._letter):
            bias = [[wins, 1000.0]]
            body = {"prompt": list(ids), "n_predict": 1, "n_probs": k, "temperature": 0.0, "logit_bias": bias}
            answers = self._post("/completion", body).get("completion_probabilities")
            if answers:
                top = [(one["id"], _number(one["logprob"])) for one in answers[0]["top_logprobs"]]
                known = wins == following == answers[0]["id"]
                return top, _number(answers[0]["logprob"]) if known else None
        raise WorkError("llama.cpp gave no probabilities", found=f"token {following}")

    def _post(self, route: str, body: dict[str, Any]) -> dict[str, Any]:
        # A connection each: the server drops idle and long-lived ones.
        connection = http.client.HTTPConnection(self._address, timeout=120)
        try:
            connection.request("POST", route, json.dumps(body), self._headers)
            response = connection.getresponse()
            text = response.read()
        finally:
            connection.close()
        if response.status != 200:
            raise WorkError("llama.cpp refused a request", where=route, found=text[:200])
        return dict(json.loads(text))


def _number(logprob: float | None) -> float:
    """JSON has no NaN: a model that computes one says null."""
    return -math.inf if logprob is None else logprob
