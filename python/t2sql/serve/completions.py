"""`POST /v1/completions`: raw prompts, as OpenAI's clients send them, whole or as server-sent events."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from t2sql import generate
from t2sql.generate import Cancelled, Generation
from t2sql.plain import Json
from t2sql.serve.completion_body import CompletionBody
from t2sql.serve.completion_text import CompletionText, legacy_logprobs
from t2sql.serve.errors import Refusal
from t2sql.serve.requests import read
from t2sql.serve.settings import Settings
from t2sql.serve.streaming import StreamForm, stream
from t2sql.serve.work import Workers


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
    document: dict[str, Json] = {
        "id": f"cmpl-{uuid.uuid4().hex}",
        "object": "text_completion",
        "created": int(time.time()),
        "model": workers.backend.model,
    }
    if body.stream:
        return await stream(choices, _stream_form(document, choices, body), workers, settings)
    works = [choice.work(workers, lambda text: None) for choice in choices]
    generations = await workers.answers(request, works, settings.request_seconds)
    answered: list[Json] = [
        _choice_document(choice, body, generation)
        for choice, generation in zip(choices, generations, strict=True)
    ]
    return JSONResponse(document | {"choices": answered, "usage": _usage(body, generations)})


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


def _stream_form(
    document: dict[str, Json], choices: list[_Choice], body: CompletionBody
) -> StreamForm[Generation]:
    return StreamForm(
        head=document | {"usage": None} if body.include_usage else document,
        opening=[_choice(choice.index, choice.prompt, None) for choice in choices] if body.echo else [],
        piece=lambda index, text: _choice(index, text, None),
        end=lambda index, generation: _choice(index, "", _finish(choices[index], generation)),
        usage=(lambda generations: _usage(body, generations)) if body.include_usage else None,
    )


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


def _usage(body: CompletionBody, generations: list[Generation]) -> dict[str, Json]:
    """The counts of tokens; a prompt that is answered n times counts once."""
    prompts = sum(generation.prompt_tokens for generation in generations) // body.n
    answers = sum(generation.tokens for generation in generations)
    return {"prompt_tokens": prompts, "completion_tokens": answers, "total_tokens": prompts + answers}
