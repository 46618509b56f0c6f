"""`POST /v1/chat/completions`: a question as a chat, answered with one statement."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from t2sql.generate import Answer, Asker, AskOptions, Cancelled, Generation
from t2sql.live import LiveAnswer, LiveDatabase, ask_database
from t2sql.plain import Json
from t2sql.remembered import RememberedStore
from t2sql.serve.chat_body import ChatBody
from t2sql.serve.chat_question import ChatQuestion
from t2sql.serve.errors import Refusal
from t2sql.serve.requests import read
from t2sql.serve.settings import Settings
from t2sql.serve.streaming import StreamForm, stream
from t2sql.serve.work import Workers


@dataclass(frozen=True)
class _Reply:
    """What the model did for a choice.

    Attributes:
        index: The choice's index.
        answer: The answer.
        text: The statement, cut at the client's stops.
        generations: Everything that the model generated for it; a repaired answer has two.
    """

    index: int
    answer: Answer | LiveAnswer
    text: str
    generations: list[Generation]

    @property
    def finish(self) -> str:
        """OpenAI's `finish_reason`."""
        model = self.answer.answer if isinstance(self.answer, LiveAnswer) else self.answer
        return "stop" if self.text != self.answer.sql else model.generation.finish

    @property
    def judgement(self) -> dict[str, Json]:
        """How sure the answer is: what OpenAI's form has no place for."""
        error = self.answer.error if isinstance(self.answer, LiveAnswer) else None
        return {
            "status": self.answer.status,
            "doubts": list(self.answer.doubts),
            "warnings": list(self.answer.warnings),
            "error": None if error is None else {"kind": error.kind, "message": str(error.found)},
        }


@dataclass(frozen=True)
class _Choice:
    """One of the answers to a request."""

    index: int
    question: ChatQuestion
    options: AskOptions
    stops: tuple[str, ...]
    database: LiveDatabase | None

    def work(self, workers: Workers, on_text: Callable[[str], None]) -> Callable[[Cancelled], _Reply]:
        """What a thread does for it; `on_text` gets the whole statement, once it is checked."""

        def reply(cancelled: Cancelled) -> _Reply:
            generations: list[Generation] = []

            def count(generation: Generation) -> None:
                workers.metrics.count(generation)
                generations.append(generation)

            asker = Asker(workers.backend, self.options, cancelled=cancelled, on_generation=count)
            answer = self._ask(asker)
            text = answer.sql
            for stop in self.stops:
                text = text.partition(stop)[0]
            if text:
                on_text(text)
            return _Reply(self.index, answer, text, generations)

        return reply

    def _ask(self, asker: Asker) -> Answer | LiveAnswer:
        if self.question.schema is not None:
            return asker.ask(self.question.text, self.question.schema)
        assert self.database is not None
        known = RememberedStore(self.database.url)
        return ask_database(asker, self.database, self.question.text, remembered=known)


async def chat(
    request: Request, workers: Workers, database: LiveDatabase | None, settings: Settings
) -> Response:
    """Answer a chat.

    Args:
        request: Its body is a `ChatBody`.
        workers: The model.
        database: The database that is asked about where the messages describe no tables.
        settings: The server's limits.

    Returns:
        A JSON document, or a stream of events with `stream`; a statement is one piece of a stream, since it
        is checked first.

    Raises:
        Refusal: The body is wrong, there are no tables, or the server ends.
        Busy: Too many requests wait or run.
        TimedOut: It took too long.
        ClientDisconnect: The client left.
    """
    body = await read(request, ChatBody, settings)
    question = ChatQuestion.of(body)
    if question.schema is None and database is None:
        words = "messages has no tables; put CREATE TABLE statements in a system message"
        raise Refusal(400, f"{words}, or start the server with --db", "no_database", param="messages")
    choices = [
        _Choice(
            sample,
            question,
            AskOptions(
                body.tokens(settings),
                body.temperature,
                body.random_seed(sample),
                answered=question.answered,
            ),
            body.stop,
            database,
        )
        for sample in range(body.n)
    ]
    document: dict[str, Json] = {
        "id": f"chatcmpl-{uuid.uuid4().hex}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": workers.backend.model,
    }
    if body.stream:
        return await stream(choices, _stream_form(document, body), workers, settings)
    works = [choice.work(workers, lambda text: None) for choice in choices]
    replies = await workers.answers(request, works, settings.request_seconds)
    answered: list[Json] = [
        {
            "index": reply.index,
            "message": {"role": "assistant", "content": reply.text, "refusal": None},
            "logprobs": None,
            "finish_reason": reply.finish,
            "t2sql": reply.judgement,
        }
        for reply in replies
    ]
    return JSONResponse(document | {"choices": answered, "usage": _usage(replies)})


def _stream_form(document: dict[str, Json], body: ChatBody) -> StreamForm[_Reply]:
    head = document | {"object": "chat.completion.chunk"}
    return StreamForm(
        head=head | {"usage": None} if body.include_usage else head,
        opening=[_delta(index, {"role": "assistant", "content": ""}, None) for index in range(body.n)],
        piece=lambda index, text: _delta(index, {"content": text}, None),
        end=lambda index, reply: _delta(index, {}, reply.finish) | {"t2sql": reply.judgement},
        usage=_usage if body.include_usage else None,
    )


def _delta(index: int, delta: dict[str, Json], finish: str | None) -> dict[str, Json]:
    return {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish}


def _usage(replies: list[_Reply]) -> dict[str, Json]:
    """The counts of tokens; prompts that are answered n times count once."""
    first = min(replies, key=lambda reply: reply.index)
    prompts = sum(generation.prompt_tokens for generation in first.generations)
    answers = sum(generation.tokens for reply in replies for generation in reply.generations)
    return {"prompt_tokens": prompts, "completion_tokens": answers, "total_tokens": prompts + answers}
