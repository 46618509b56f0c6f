"""A server with OpenAI's completions API: llama-server, mlx_lm.server, vLLM."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from typing import Any

from t2sql.errors import InputError, WorkError
from t2sql.generate.openai_client import DEFAULT_TIMEOUT, DEFAULT_TRIES, CompletionClient, Json
from t2sql.generate.request import Cancelled, Generation, OnResult, OnText, Request, mean, never, not_started
from t2sql.generate.statement import first_statement
from t2sql.grammar import Grammar, Width
from t2sql.prompt import prompt_text

DEFAULT_SLOTS = 8
"""Requests that are under way at once, unless `slots` says otherwise."""

_SECOND_TEMPERATURE = 0.7
_LINE_END = "\n"
_NEXT_QUESTION = ("\nQ:", "\ntable:")
"""Where a model that was trained on prompts like ours goes on after a statement of several lines."""

_NO_COMPLETIONS = re.compile("HTTP 40[45]")
"""How a server answers that has chats alone, or whose model is for chats alone."""

_BEGINNING = re.compile(r"(?P<wrapped>```.*|<.*)|.*[:,(]|SELECT|", re.IGNORECASE | re.DOTALL)
"""A first line that is nothing without those after it."""


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
    grammar: Width | None = None

    def __init__(
        self,
        url: str,
        model: str,
        *,
        slots: int | None = None,
        timeout: float = DEFAULT_TIMEOUT,
        tries: int = DEFAULT_TRIES,
        chats: bool = False,
    ) -> None:
        """Connect, and find out whether the server takes grammars.

        Args:
            url: The server's address, with or without "/v1".
            model: The name that the server knows the model by.
            slots: Requests that are under way at once.
            timeout: Seconds that the server may be silent.
            tries: How often a request is sent before it counts as failed.
            chats: Whether a prompt may be sent as a chat's first message where the server has no completions.

        Raises:
            InputError: The address is not one of HTTP.
            WorkError: No server answers there.
        """
        self._client = CompletionClient(url, timeout=timeout, tries=tries)
        self.model, self.url = model, self._client.url
        self.slots = slots or DEFAULT_SLOTS
        # A matcher is not for several threads at once.
        self._matching = threading.Lock()
        self._stop: tuple[str, ...] = (_LINE_END,)
        self._logprobs = True
        self._may_chat, self._chats = chats, False
        started = time.perf_counter()
        self._takes_grammars = self._client.is_llama_server()
        self.prompt_format = self._client.prompt_format(model)
        self.load_seconds = time.perf_counter() - started

    def answer(
        self, request: Request, *, on_text: OnText | None = None, cancelled: Cancelled = never
    ) -> Generation:
        """Answer one request; see `Backend.answer`.

        The text comes whole; `cancelled` counts before each try and while an answer comes.
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

    def beam(self, request: Request, candidates: int, *, cancelled: Cancelled = never) -> list[Generation]:
        """Refuse; see `Backend.beam`.

        Raises:
            InputError: Always: completions do not say what a beam search needs.
        """
        raise InputError("a server's completions cannot be searched", found="--beam", hint="Use --votes")

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
            "stop": [*self._stop, *request.stop],
        }
        if request.top_p < 1:
            body["top_p"] = request.top_p
        if request.logprobs and self._logprobs:
            body["logprobs"] = 1
        grammar = request.grammar
        if grammar is not None and self._takes_grammars:
            body["grammar"] = grammar.gbnf
        answer = self._complete(body, cancelled)
        if grammar is None or self._matches(grammar, answer.text):
            return answer
        if cancelled():
            return replace(answer, off_grammar=True)
        body |= {
            "temperature": max(request.temperature, _SECOND_TEMPERATURE),
            "seed": request.seed + 1,
            # It may write a statement on several lines.
            "stop": [*_NEXT_QUESTION, *request.stop],
        }
        answer = self._complete(body, cancelled)
        return answer if self._matches(grammar, answer.text) else replace(answer, off_grammar=True)

    def _matches(self, grammar: Grammar, text: str) -> bool:
        with self._matching:
            return grammar.matches(text)

    def _complete(self, body: Json, cancelled: Cancelled) -> Generation:
        """Send a request; once more without the stop at a line's end if the first line only begins an answer.

        A model of chats puts statements in fences or behind thoughts each time: then all requests go without.
        """
        started = time.perf_counter()
        document = self._post(body, cancelled)
        if document is not None and _LINE_END in body["stop"] and "grammar" not in body:
            begun = _BEGINNING.fullmatch(self._text(document).strip())
            if begun:
                body["stop"] = [*_NEXT_QUESTION, *(stop for stop in body["stop"] if stop != _LINE_END)]
                if begun["wrapped"]:
                    self._stop = _NEXT_QUESTION
                document = self._post(body, cancelled)
        if document is None:
            return not_started()
        text = first_statement(self._text(document))
        try:
            choice, usage = document["choices"][0], document.get("usage") or {}
            return Generation(
                text=text,
                prompt_tokens=int(usage.get("prompt_tokens") or 0),
                tokens=int(usage.get("completion_tokens") or 0),
                prompt_seconds=0.0,
                seconds=time.perf_counter() - started,
                finish="length" if choice.get("finish_reason") == "length" else "stop",
                logprob=_mean_logprob(choice.get("logprobs")),
            )
        except (AttributeError, TypeError, ValueError, OverflowError):
            raise self._no_answer(document) from None

    def _post(self, body: Json, cancelled: Cancelled) -> Json | None:
        if self._chats:
            return self._client.post(_as_chat(body), cancelled)
        try:
            return self._client.post(body, cancelled)
        except WorkError as error:
            if self._may_chat and _NO_COMPLETIONS.match(str(error.found)):
                self._chats = True
                return self._client.post(_as_chat(body), cancelled)
            if "logprobs" not in body or "logprobs" not in str(error.found):
                raise
            # Not every server has them; then an answer is judged without.
            self._logprobs = False
            del body["logprobs"]
            return self._client.post(body, cancelled)

    def _text(self, document: Json) -> str:
        """The text of an answer, also of one that has the form of a chat."""
        try:
            choice = document["choices"][0]
            text = choice["message"]["content"] if "message" in choice else choice["text"]
        except (KeyError, IndexError, TypeError):
            text = None
        if not isinstance(text, str):
            raise self._no_answer(document)
        return text

    def _no_answer(self, document: Json) -> WorkError:
        return WorkError("not an answer to a completion", where=self.url, found=str(document)[:200])

    def models(self) -> list[str]:
        """The names of the server's models; empty where it does not list them."""
        return self._client.models()

    def close(self) -> None:
        """End the connections; the backend cannot be used after it."""
        self._client.close()


def _as_chat(body: Json) -> Json:
    """A request for a completion as the first message of a chat."""
    left_out = ("prompt", "logprobs", "grammar")
    chat = {name: value for name, value in body.items() if name not in left_out}
    # A chat model may begin with an empty line.
    chat["stop"] = [stop for stop in body["stop"] if stop != _LINE_END]
    return {**chat, "messages": [{"role": "user", "content": body["prompt"]}]}


def _mean_logprob(document: Any) -> float | None:
    """From the tokens' log-probabilities as OpenAI's completions write them, or its chats."""
    if not isinstance(document, dict):
        return None
    logprobs = document.get("token_logprobs")
    if logprobs is None:
        logprobs = [token.get("logprob") for token in document.get("content") or ()]
    return mean([float(value) for value in logprobs if value is not None])
