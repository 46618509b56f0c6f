"""llama.cpp's own view of a GGUF: token ids and next-token distributions, from a quiet server."""

from __future__ import annotations

import http.client
import json
import math
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from t2sql.errors import MissingPartError, WorkError

_SMALL = 1 << 30


class LlamaFile:
    """A GGUF opened in llama.cpp on the CPU with float32 caches; use as a context manager."""

    def __init__(self, path: Path, *, context: int = 512) -> None:
        try:
            import xllamacpp
        except ImportError:
            raise MissingPartError(
                "llama.cpp is not installed", expected="xllamacpp", hint="pip install xllamacpp"
            ) from None
        params = xllamacpp.CommonParams()
        params.model.path = str(path)
        params.n_ctx = context
        params.n_parallel = 1
        params.n_gpu_layers = 0
        if Path(path).stat().st_size < _SMALL:
            # Threads meet at a spinning barrier hundreds of times a token: on a busy machine one alone is
            # ten times as fast, and on an idle one it loses little on so small a model.
            params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
        params.verbosity = -1
        params.warmup = False
        params.fit_params = False
        params.ui = False
        # The default float16 caches would blur what the weights do.
        params.cache_type_k = xllamacpp.ggml_type.GGML_TYPE_F32
        params.cache_type_v = xllamacpp.ggml_type.GGML_TYPE_F32
        try:
            self._server: Any = xllamacpp.Server(params)
        except RuntimeError as error:
            raise WorkError("llama.cpp does not load the file", where=path, found=error) from None
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
        # Probabilities come with a whole character only, so a plain letter is made to win: the ones
        # reported are the model's own, before the bias.
        bias = [[self._letter, 1000.0]]
        body = {"prompt": list(ids), "n_predict": 1, "n_probs": k, "temperature": 0.0, "logit_bias": bias}
        answer = self._post("/completion", body)["completion_probabilities"][0]["top_logprobs"]
        # JSON has no NaN: a model that computes one says null.
        return [(one["id"], -math.inf if one["logprob"] is None else one["logprob"]) for one in answer]

    def _post(self, route: str, body: dict[str, Any]) -> dict[str, Any]:
        # A connection each: the server drops idle and long-lived ones.
        connection = http.client.HTTPConnection(self._address, timeout=120)
        try:
            connection.request("POST", route, json.dumps(body), {"Content-Type": "application/json"})
            response = connection.getresponse()
            text = response.read()
        finally:
            connection.close()
        if response.status != 200:
            raise WorkError("llama.cpp refused a request", where=route, found=text[:200])
        return dict(json.loads(text))
