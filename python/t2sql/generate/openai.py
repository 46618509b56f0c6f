"""A server with OpenAI's completions API: llama-server, mlx_lm.server, vLLM."""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from typing import Any, TypeAlias

import httpx2

from t2sql.errors import ContextError, InputError, WorkError
from t2sql.generate.request import Cancelled, Generation, OnResult, OnText, Request, mean, never, not_started
from t2sql.generate.statement import first_statement
from t2sql.grammar import Grammar
from t2sql.prompt import prompt_text

Json: TypeAlias = dict[str, Any]
"""A request's or an answer's document."""

KEY = "T2SQL_API_KEY"
"""The environment variable with the server's key; OPENAI_API_KEY is read where it is not set."""

DEFAULT_TRIES = 4
FIRST_WAIT = 0.5
"""Seconds before the second try; each later wait is twice as long, plus up to half of that at random."""
DEFAULT_TIMEOUT = 120.0
"""Seconds without a byte from the server."""
DEFAULT_SLOTS = 8
"""Requests that are under way at once, unless `slots` says otherwise."""

# Timeout, too early, too many requests, and the server's own failures: all may pass.
_RETRIED_STATUSES = {408, 425, 429, 500, 502, 503, 504}
_SECOND_TEMPERATURE = 0.7
_POLL_SECONDS = 0.05


class OpenAIBackend:
    """A model on a server; see `Backend` for what its members mean.

    The clock is this side's: `Generation.seconds` is a whole request, waiting included.
    """

    name = "openai"
    concurrent = False
    device = "server"
    weights = "unknown"
    context: int | None = None
    prompt_format: str | None = None
    min_logprob: float | None = None

    def __init__(
        self,
        url: str,
        model: str,
        *,
        slots: int | None = None,
        timeout: float = DEFAULT_TIMEOUT,
        tries: int = DEFAULT_TRIES,
    ) -> None:
        """Connect, and find out whether the server takes grammars.

        Args:
            url: The server's address, with or without "/v1".
            model: The name that the server knows the model by.
            slots: Requests that are under way at once.
            timeout: Seconds that the server may be silent.
            tries: How often a request is sent before it counts as failed.

        Raises:
            InputError: The address is not one of HTTP.
            WorkError: No server answers there.
        """
        base = url.rstrip("/").removesuffix("/v1")
        if not base.startswith(("http://", "https://")):
            raise InputError("not a server's address", where=url, expected="openai:http://HOST:PORT")
        self.model, self.url = model, base
        self.slots, self.tries = slots or DEFAULT_SLOTS, tries
        key = os.environ.get(KEY) or os.environ.get("OPENAI_API_KEY")
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._client = httpx2.Client(base_url=base, headers=headers, timeout=timeout)
        # A matcher is not for several threads at once.
        self._matching = threading.Lock()
        started = time.perf_counter()
        self._takes_grammars = self._is_llama_server()
        self.load_seconds = time.perf_counter() - started

    def _is_llama_server(self) -> bool:
        """llama-server has a route of its own, and takes a GBNF grammar with a request."""
        try:
            answer = self._client.get("/props")
            return answer.status_code == 200 and "default_generation_settings" in answer.json()
        except httpx2.ConnectError as error:
            raise WorkError("no server there", where=self.url, found=error) from None
        except (httpx2.HTTPError, ValueError):
            return False

    def answer(
        self, request: Request, *, on_text: OnText | None = None, cancelled: Cancelled = never
    ) -> Generation:
        """Answer one request; see `Backend.answer`.

        The text comes whole, and a request that was sent cannot be taken back: `cancelled` counts before
        each try.
        """
        generation = self._answer(request, cancelled)
        if on_text is not None and generation.text:
            on_text(generation.text)
        return generation

    def answers(
        self,
        requests: Sequence[Request],
        *,
        on_result: OnResult | None = None,
        cancelled: Cancelled = never,
    ) -> list[Generation]:
        """Answer requests, several at once; see `Backend.answers`."""
        stop = threading.Event()
        results: dict[int, Generation] = {}
        with ThreadPoolExecutor(min(self.slots, max(1, len(requests)))) as pool:
            futures = {
                pool.submit(self._answer, request, lambda: stop.is_set() or cancelled()): index
                for index, request in enumerate(requests)
            }
            try:
                for future in as_completed(futures):
                    index = futures[future]
                    results[index] = future.result()
                    if on_result is not None:
                        on_result(index, results[index])
            except BaseException:
                stop.set()
                pool.shutdown(cancel_futures=True)
                raise
        return [results[index] for index in range(len(requests))]

    def _answer(self, request: Request, cancelled: Cancelled) -> Generation:
        """Send a request.

        A server that takes no grammar is asked a second time, at a higher temperature, when its answer does
        not match; `off_grammar` marks a second one that does not.
        """
        if cancelled():
            return not_started()
        body: Json = {
            "model": self.model,
            "prompt": prompt_text(request.prompt),
            "max_tokens": request.max_tokens,
            "temperature": request.temperature,
            "seed": request.seed,
            "stop": ["\n"],
        }
        if request.logprobs:
            body["logprobs"] = True
        grammar = request.grammar
        if grammar is not None and self._takes_grammars:
            body["grammar"] = grammar.gbnf
        answer = self._complete(body, cancelled)
        if grammar is None or self._matches(grammar, answer.text):
            return answer
        if cancelled():
            return replace(answer, off_grammar=True)
        body |= {"temperature": max(request.temperature, _SECOND_TEMPERATURE), "seed": request.seed + 1}
        answer = self._complete(body, cancelled)
        return answer if self._matches(grammar, answer.text) else replace(answer, off_grammar=True)

    def _matches(self, grammar: Grammar, text: str) -> bool:
        with self._matching:
            return grammar.matches(text)

    def _complete(self, body: Json, cancelled: Cancelled) -> Generation:
        started = time.perf_counter()
        document = self._posted(body, cancelled)
        if document is None:
            return not_started()
        try:
            choice, usage = document["choices"][0], document.get("usage") or {}
            return Generation(
                text=first_statement(choice["text"]),
                prompt_tokens=int(usage.get("prompt_tokens", 0)),
                tokens=int(usage.get("completion_tokens", 0)),
                prompt_seconds=0.0,
                seconds=time.perf_counter() - started,
                finish="length" if choice.get("finish_reason") == "length" else "stop",
                logprob=_mean_logprob(choice.get("logprobs")),
            )
        except (KeyError, IndexError, TypeError, AttributeError):
            raise WorkError(
                "not an answer to a completion", where=self.url, found=str(document)[:200]
            ) from None

    def _posted(self, body: Json, cancelled: Cancelled) -> Json | None:
        """Send a request; a failure that may pass is tried again, after longer and longer waits.

        None when it was cancelled meanwhile.
        """
        failure: object = ""
        for attempt in range(self.tries):
            if attempt and not _waited(FIRST_WAIT * 2 ** (attempt - 1) * random.uniform(1, 1.5), cancelled):
                return None
            try:
                answer = self._client.post("/v1/completions", json=body)
            except httpx2.TimeoutException:
                failure = f"no answer within {self._client.timeout.read:g} s"
                continue
            except httpx2.HTTPError as error:
                failure = error or type(error).__name__
                continue
            if answer.status_code in _RETRIED_STATUSES:
                failure = f"HTTP {answer.status_code}: {answer.text[:200]}"
                continue
            return self._document(answer)
        raise WorkError("the server does not answer", where=self.url, found=failure)

    def _document(self, answer: httpx2.Response) -> Json:
        status, text = answer.status_code, answer.text
        if status in (401, 403):
            raise InputError("the server refuses the key", where=self.url, hint=f"Set {KEY}", found=status)
        if status == 400 and "context" in text.lower():
            raise ContextError("the prompt does not fit the context", where=self.url, found=text[:200])
        if status != 200:
            raise WorkError(
                "the server refused the request", where=self.url, found=f"HTTP {status}: {text[:200]}"
            )
        try:
            document = answer.json()
        except ValueError:
            raise WorkError("the server's answer is not JSON", where=self.url, found=text[:100]) from None
        if not isinstance(document, dict):
            raise WorkError("not an answer to a completion", where=self.url, found=text[:100])
        return document

    def close(self) -> None:
        """End the connections; the backend cannot be used after it."""
        self._client.close()


def _waited(seconds: float, cancelled: Cancelled) -> bool:
    """Wait; False as soon as nobody waits for the answer any more."""
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        if cancelled():
            return False
        time.sleep(min(left, _POLL_SECONDS))
    return not cancelled()


def _mean_logprob(document: Any) -> float | None:
    """From the tokens' log-probabilities as OpenAI's completions write them, or its chats."""
    if not isinstance(document, dict):
        return None
    logprobs = document.get("token_logprobs")
    if logprobs is None:
        logprobs = [token.get("logprob") for token in document.get("content") or ()]
    return mean([float(value) for value in logprobs if value is not None])
