"""`POST /v1/completions`: raw prompts, as OpenAI's clients send them, whole or as server-sent events."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeAlias

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from t2sql import generate
from t2sql.generate import Cancelled, Generation
from t2sql.plain import Json
from t2sql.serve.completion_body import CompletionBody
from t2sql.serve.completion_text import CompletionText, legacy_logprobs
from t2sql.serve.errors import Refusal, TimedOut, refusal_of, server_ends
from t2sql.serve.requests import read
from t2sql.serve.settings import Settings
from t2sql.serve.work import Workers

_Piece: TypeAlias = "tuple[int, str | Generation | BaseException]"
"""The index of a choice, and what comes of it: pieces of its text, then its generation."""


@dataclass
class _Choice:
    """One of the answers to a request."""

    index: int
    prompt: str
    request: generate.Request
    text: CompletionText
    pieces: list[str] = field(default_factory=list)

    def work(self, workers: Workers, on_text: Callable[[str], None]) -> Callable[[Cancelled], Generation]:
        """What a thread does for it; `on_text` gets the completion's pieces there."""

        def take(piece: str) -> None:
            if new := self.text.feed(piece):
                self.pieces.append(new)
                on_text(new)

        def answer(cancelled: Cancelled) -> Generation:
            generation = workers.backend.answer(
                self.request, on_text=take, cancelled=lambda: self.text.stopped or cancelled()
            )
            workers.metrics.count(generation)
            if rest := self.text.end():
                self.pieces.append(rest)
                on_text(rest)
            return generation

        return answer


async def complete(request: Request, workers: Workers, settings: Settings) -> Response:
    """Answer a request for completions.

    Args:
        request: Its body is a `CompletionBody`.
        workers: The model.
        settings: The server's limits.

    Returns:
        A JSON document, or a stream of events with `stream`.

    Raises:
        Refusal: The body is wrong, or the server ends.
        Busy: Too many requests wait or run.
        TimedOut: It took too long.
        ClientDisconnect: The client left.
    """
    body = await read(request, CompletionBody, settings)
    if body.logprobs is not None and workers.backend.name != "llama":
        words = f"logprobs are not given by the backend {workers.backend.name}; leave them out"
        raise Refusal(400, words, param="logprobs")
    choices = _choices(body, settings)
    if body.stream:
        return await _streamed(choices, body, workers, settings)
    works = [choice.work(workers, lambda text: None) for choice in choices]
    generations = await workers.answers(request, works, settings.request_seconds)
    documents: list[Json] = [
        _choice_document(choice, body, generation)
        for choice, generation in zip(choices, generations, strict=True)
    ]
    document = _document(workers, documents)
    return JSONResponse(document | {"usage": _usage(body, generations)})


def _choices(body: CompletionBody, settings: Settings) -> list[_Choice]:
    choices: list[_Choice] = []
    for prompt in body.prompt:
        for sample in range(body.n):
            wanted = generate.Request(
                prompt,
                body.tokens(settings),
                body.temperature,
                body.random_seed(sample),
                stop=body.stop,
                top_p=body.top_p,
                top_logprobs=body.logprobs,
            )
            choices.append(_Choice(len(choices), prompt, wanted, CompletionText(body.stop)))
    return choices


async def _streamed(
    choices: list[_Choice], body: CompletionBody, workers: Workers, settings: Settings
) -> Response:
    """The events of completions, those of several mixed.

    An error before the first piece becomes an ordinary response; one after it ends the stream with an event.
    """
    loop = asyncio.get_running_loop()
    pieces: asyncio.Queue[_Piece] = asyncio.Queue()

    def followed(choice: _Choice) -> Callable[[Cancelled], None]:
        def put(piece: str | Generation | BaseException) -> None:
            loop.call_soon_threadsafe(pieces.put_nowait, (choice.index, piece))

        work = choice.work(workers, put)

        def run(cancelled: Cancelled) -> None:
            try:
                put(work(cancelled))
            except BaseException as error:
                put(error)

        return run

    job = workers.submit([followed(choice) for choice in choices])

    def ended(index: int, done: asyncio.Future[Any]) -> None:
        if done.cancelled():
            pieces.put_nowait((index, server_ends()))

    for choice, future in zip(choices, job.futures, strict=True):
        future.add_done_callback(partial(ended, choice.index))
    deadline = loop.time() + settings.request_seconds

    async def piece() -> tuple[int, str | Generation]:
        try:
            async with asyncio.timeout_at(deadline):
                index, received = await pieces.get()
        except TimeoutError:
            raise TimedOut(settings.request_seconds) from None
        if isinstance(received, BaseException):
            raise received
        return index, received

    try:
        first = await piece()
    except BaseException:
        job.abandon()
        raise
    head = _document(workers, [])
    if body.include_usage:
        head["usage"] = None

    async def events() -> AsyncIterator[str]:
        generations: list[Generation] = []
        index, latest = first
        try:
            if body.echo:
                for choice in choices:
                    yield _event(head | {"choices": [_choice(choice.index, choice.prompt, None)]})
            while True:
                if isinstance(latest, str):
                    yield _event(head | {"choices": [_choice(index, latest, None)]})
                else:
                    generations.append(latest)
                    yield _event(head | {"choices": [_choice(index, "", _finish(choices[index], latest))]})
                if len(generations) == len(choices):
                    break
                index, latest = await piece()
            if body.include_usage:
                yield _event(head | {"usage": _usage(body, generations)})
            yield "data: [DONE]\n\n"
        except Exception as error:
            yield _event(refusal_of(error).document())
        finally:
            job.abandon()

    return StreamingResponse(events(), media_type="text/event-stream", headers={"cache-control": "no-store"})


def _choice_document(choice: _Choice, body: CompletionBody, generation: Generation) -> dict[str, Json]:
    text = "".join(choice.pieces)
    document = _choice(choice.index, (choice.prompt if body.echo else "") + text, _finish(choice, generation))
    if body.logprobs is not None:
        blanks = choice.text.leading_blanks
        reported = legacy_logprobs(generation.token_logprobs, blanks, len(text), body.logprobs)
        document["logprobs"] = reported.to_json()
    return document


def _choice(index: int, text: str, finish: str | None) -> dict[str, Json]:
    return {"index": index, "text": text, "logprobs": None, "finish_reason": finish}


def _finish(choice: _Choice, generation: Generation) -> str:
    return "stop" if choice.text.stopped else generation.finish


def _document(workers: Workers, choices: list[Json]) -> dict[str, Json]:
    return {
        "id": f"cmpl-{uuid.uuid4().hex}",
        "object": "text_completion",
        "created": int(time.time()),
        "model": workers.backend.model,
        "choices": choices,
    }


def _usage(body: CompletionBody, generations: list[Generation]) -> dict[str, Json]:
    """The counts of tokens; a prompt that is answered n times counts once."""
    prompts = sum(generation.prompt_tokens for generation in generations) // body.n
    answers = sum(generation.tokens for generation in generations)
    return {"prompt_tokens": prompts, "completion_tokens": answers, "total_tokens": prompts + answers}


def _event(document: dict[str, Json]) -> str:
    return f"data: {json.dumps(document, ensure_ascii=False)}\n\n"
