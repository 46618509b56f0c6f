"""Any server that speaks OpenAI's completions: llama-server, mlx_lm.server, vLLM."""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from t2sql.errors import ContextError, InputError, WorkError
from t2sql.generate.backend import Generation, OnResult, statement

if TYPE_CHECKING:
    from t2sql.grammar import Grammar

KEY = "T2SQL_API_KEY"
"""The environment variable with the server's key; OPENAI_API_KEY is read where it is not set."""

TRIES = 4
FIRST_WAIT = 0.5
"""Seconds before the second try; each later one waits twice as long, and up to half as long again."""
TIMEOUT = 120.0
REQUESTS = 8
"""Prompts that are under way at once, unless `slots` says otherwise."""

_AGAIN = {408, 425, 429, 500, 502, 503, 504}


class OpenAIBackend:
    """A model on a server. The clock is this side's: of a whole request, waiting included."""

    name = "openai"
    concurrent = False

    def __init__(
        self, url: str, model: str, *, slots: int | None = None, timeout: float = TIMEOUT, tries: int = TRIES
    ) -> None:
        import httpx2

        base = url.rstrip("/").removesuffix("/v1")
        if not base.startswith(("http://", "https://")):
            raise InputError("not a server's address", where=url, expected="openai:http://HOST:PORT")
        self.model, self.url = model, base
        self.path = Path(model)
        self.device, self.weights = "server", "unknown"
        self.prompt_format: str | None = None
        self.min_logprob: float | None = None
        self.requests, self.tries = slots or REQUESTS, tries
        key = os.environ.get(KEY) or os.environ.get("OPENAI_API_KEY")
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._client = httpx2.Client(base_url=base, headers=headers, timeout=timeout)
        started = time.perf_counter()
        self._grammars = self._is_llama_server()
        self.load_seconds = time.perf_counter() - started

    def _is_llama_server(self) -> bool:
        """llama-server has a route of its own, and takes a GBNF grammar with a request."""
        import httpx2

        try:
            answer = self._client.get("/props")
            return answer.status_code == 200 and "default_generation_settings" in answer.json()
        except httpx2.ConnectError as error:
            raise WorkError("no server there", where=self.url, found=error) from None
        except (httpx2.HTTPError, ValueError):
            return False

    def generate(
        self,
        prompts: Sequence[str],
        *,
        max_tokens: int = 128,
        temp: float = 0.0,
        seed: int = 0,
        on_result: OnResult | None = None,
        grammars: Sequence[Grammar | None] = (),
        logprobs: bool = False,
    ) -> list[Generation]:
        """Answer each prompt, several at once. A server that takes no grammar is asked once more, warmer,
        where its answer is no statement of the prompt's; `off_grammar` marks what still is none."""
        from t2sql.prompt import prompt_text

        given = list(grammars) or [None] * len(prompts)
        stop, checking = threading.Event(), threading.Lock()

        def fits(grammar: Grammar, text: str) -> bool:
            with checking:
                return grammar.takes(text)

        def one(index: int) -> Generation:
            grammar = given[index]
            body: dict[str, Any] = {
                "model": self.model,
                "prompt": prompt_text(prompts[index]),
                "max_tokens": max_tokens,
                "temperature": temp,
                "seed": seed + index,
                "stop": ["\n"],
            }
            if logprobs:
                body["logprobs"] = True
            if grammar is not None and self._grammars:
                body["grammar"] = grammar.gbnf
            answer = self._complete(body, stop)
            if grammar is not None and not fits(grammar, answer.text):
                warmer = {"temperature": max(temp, 0.7), "seed": seed + index + 1}
                answer = self._complete(body | warmer, stop)
                if not fits(grammar, answer.text):
                    return replace(answer, off_grammar=True)
            return answer

        results: dict[int, Generation] = {}
        with ThreadPoolExecutor(min(self.requests, max(1, len(prompts)))) as pool:
            futures = {pool.submit(one, index): index for index in range(len(prompts))}
            try:
                for future in as_completed(futures):
                    results[futures[future]] = future.result()
                    if on_result is not None:
                        on_result(futures[future], future.result())
            except BaseException:
                stop.set()
                pool.shutdown(cancel_futures=True)
                raise
        return [results[index] for index in range(len(prompts))]

    def _complete(self, body: dict[str, Any], stop: threading.Event) -> Generation:
        started = time.perf_counter()
        document = self._posted(body, stop)
        try:
            choice, usage = document["choices"][0], document.get("usage") or {}
            return Generation(
                text=statement(choice["text"]),
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

    def _posted(self, body: dict[str, Any], stop: threading.Event) -> dict[str, Any]:
        """The server's JSON; what may pass is tried again, after longer and longer waits."""
        import httpx2

        found: object = ""
        for number in range(self.tries):
            if number and stop.wait(FIRST_WAIT * 2 ** (number - 1) * random.uniform(1, 1.5)):
                break
            try:
                answer = self._client.post("/v1/completions", json=body)
            except httpx2.TimeoutException:
                found = f"no answer within {self._client.timeout.read:g} s"
                continue
            except httpx2.HTTPError as error:
                found = error or type(error).__name__
                continue
            if answer.status_code in _AGAIN:
                found = f"HTTP {answer.status_code}: {answer.text[:200]}"
                continue
            return self._read(answer)
        raise WorkError("the server does not answer", where=self.url, found=found)

    def _read(self, answer: Any) -> dict[str, Any]:
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


def _mean_logprob(found: Any) -> float | None:
    """From the tokens' log-probabilities as OpenAI's completions spell them, or its chats."""
    if not isinstance(found, dict):
        return None
    plain = found.get("token_logprobs")
    if plain is None:
        plain = [token.get("logprob") for token in found.get("content") or ()]
    known = [float(value) for value in plain if value is not None]
    return sum(known) / len(known) if known else None
