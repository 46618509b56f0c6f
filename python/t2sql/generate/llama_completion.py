"""One completion of llama.cpp's server: the request's JSON, the chunks of the answer, and its errors."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeAlias

from t2sql.errors import ContextError, WorkError
from t2sql.generate.request import Cancelled, Generation, OnText, Request, TokenLogprob, mean
from t2sql.generate.statement import first_statement
from t2sql.prompt import prompt_text
from t2sql.runtimes import LlamaServer

Json: TypeAlias = dict[str, Any]
"""A document of llama.cpp's server."""

ANY_SLOT = -1


def complete(
    server: LlamaServer,
    request: Request,
    *,
    slot: int,
    where: Path,
    on_text: OnText | None,
    cancelled: Cancelled,
) -> Generation:
    """Have a server answer one request. Blocks the calling thread.

    Args:
        server: A running server.
        request: What to generate.
        slot: The slot whose cache is used, or `ANY_SLOT`.
        where: The model's file, for errors.
        on_text: Gets each piece of the text, in this thread.
        cancelled: Asked after each token; once it returns True the answer ends.

    Returns:
        The answer, cut to one statement.

    Raises:
        ContextError: The prompt does not fit the slot's context.
        WorkError: llama.cpp refused the request, ended the answer early, or has ended.
    """
    answer = _Answer(on_text, cancelled, report=request.top_logprobs is not None)
    server.handle_completions(_body(request, slot), answer.receive)
    return answer.generation(where)


def _body(request: Request, slot: int) -> Json:
    body: Json = {
        "prompt": prompt_text(request.prompt),
        "n_predict": request.max_tokens,
        "temperature": request.temperature,
        "seed": request.seed,
        "stop": ["\n", *request.stop],
        "cache_prompt": True,
        "id_slot": slot,
        "stream": True,
    }
    if request.grammar is not None:
        body["grammar"] = request.grammar.gbnf
    if request.logprobs or request.top_logprobs is not None:
        body["logprobs"] = max(1, request.top_logprobs or 0)
    if request.temperature > 0:
        # The unfiltered distribution, which the other backends sample as well.
        body |= {"top_k": 0, "top_p": request.top_p, "min_p": 0.0}
    return body


class _Answer:
    """The chunks of one answer, collected."""

    def __init__(self, on_text: OnText | None, cancelled: Cancelled, *, report: bool) -> None:
        self._on_text, self._cancelled, self._report = on_text, cancelled, report
        self._texts: list[str] = []
        self._logprobs: list[float] = []
        self._tokens: list[TokenLogprob] = []
        self._finish: str | None = None
        self._last: Json = {}

    def receive(self, chunk: Json) -> bool:
        """Take the next chunk; True ends the answer."""
        self._last = chunk
        for choice in chunk.get("choices") or ():
            text = choice.get("text") or ""
            self._texts.append(text)
            # A token that ends within a character has no log-probability of its own here.
            tokens = (choice.get("logprobs") or {}).get("content") or ()
            self._logprobs.extend(token["logprob"] for token in tokens)
            if self._report:
                self._tokens.extend(map(_token, tokens))
            if self._on_text is not None and text:
                self._on_text(text)
            self._finish = choice.get("finish_reason") or self._finish
        return self._cancelled()

    def generation(self, where: Path) -> Generation:
        """The whole answer."""
        text = "".join(self._texts)
        error = self._last.get("error") or (self._last if "code" in self._last else None)
        if error is not None:
            raise _refusal(error, where)
        if self._finish is None and not self._cancelled():
            raise WorkError("llama.cpp ended its answer early", where=where, found=repr(text))
        timings = self._last.get("timings") or {}
        cached = int(timings.get("cache_n", 0))
        return Generation(
            text=first_statement(text),
            prompt_tokens=int(timings.get("prompt_n", 0)) + cached,
            tokens=int(timings.get("predicted_n", 0)),
            prompt_seconds=float(timings.get("prompt_ms", 0.0)) / 1000,
            seconds=float(timings.get("predicted_ms", 0.0)) / 1000,
            finish="length" if self._finish == "length" else "stop",
            cached_tokens=cached,
            logprob=mean(self._logprobs),
            token_logprobs=tuple(self._tokens),
        )


def _token(document: Json) -> TokenLogprob:
    top = ((one["token"], one["logprob"]) for one in document.get("top_logprobs") or ())
    return TokenLogprob(document["token"], document["logprob"], tuple(top))


def _refusal(error: Json, where: Path) -> ContextError | WorkError:
    if error.get("type") == "exceed_context_size_error":
        return ContextError(
            "the prompt does not fit the context",
            where=where,
            expected=f"at most {error.get('n_ctx', 'the context')} tokens",
            found=f"{error.get('n_prompt_tokens', 'more')} tokens",
            hint="Give fewer tables or columns",
        )
    return WorkError("llama.cpp refused the request", where=where, found=error.get("message") or str(error))
