"""`POST /v1/completions`: raw prompts, as OpenAI's clients send them, whole or as server-sent events."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import AsyncIterator
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from t2sql import generate
from t2sql.generate import Cancelled, Generation
from t2sql.serve.requests import CompletionBody, read
from t2sql.serve.settings import Settings
from t2sql.serve.work import TimedOut, Workers, drop_error


async def complete(request: Request, workers: Workers, settings: Settings) -> Response:
    """Answer a request for a completion.

    Args:
        request: Its body is a `CompletionBody`.
        workers: The model.
        settings: The server's limits.

    Returns:
        A JSON document, or a stream of events with `stream`.

    Raises:
        HTTPException: The body is wrong.
        TimedOut: It took too long.
        ClientDisconnect: The client left.
    """
    body = await read(request, CompletionBody, settings)
    completion = generate.Request(body.prompt, body.max_tokens, body.temperature, body.seed)
    if body.stream:
        return await _streamed(completion, workers, settings)

    def work(cancelled: Cancelled) -> Generation:
        generation = workers.backend.answer(completion, cancelled=cancelled)
        workers.metrics.count(generation)
        return generation

    generation = await workers.answer(request, work, settings.request_seconds)
    document = _document(workers, generation.text, generation.finish)
    total = generation.prompt_tokens + generation.tokens
    document["usage"] = {
        "prompt_tokens": generation.prompt_tokens,
        "completion_tokens": generation.tokens,
        "total_tokens": total,
    }
    return JSONResponse(document)


async def _streamed(completion: generate.Request, workers: Workers, settings: Settings) -> Response:
    """The events of a completion.

    An error before the first piece becomes an ordinary response; one after it ends the stream with an event.
    """
    loop = asyncio.get_running_loop()
    pieces: asyncio.Queue[str | Generation | BaseException] = asyncio.Queue()

    def put(piece: str | Generation | BaseException) -> None:
        loop.call_soon_threadsafe(pieces.put_nowait, piece)

    def work(cancelled: Cancelled) -> None:
        try:
            generation = workers.backend.answer(completion, on_text=put, cancelled=cancelled)
            workers.metrics.count(generation)
            put(generation)
        except BaseException as error:
            put(error)

    future, abandoned = workers.submit(work)
    future.add_done_callback(drop_error)
    deadline = loop.time() + settings.request_seconds

    async def piece() -> str | Generation:
        try:
            async with asyncio.timeout_at(deadline):
                received = await pieces.get()
        except TimeoutError:
            raise TimedOut(
                "the request took too long", expected=f"at most {settings.request_seconds:g} s"
            ) from None
        if isinstance(received, BaseException):
            raise received
        return received

    try:
        first = await piece()
    except BaseException:
        abandoned.set()
        raise
    name = f"cmpl-{uuid.uuid4().hex}"

    async def events() -> AsyncIterator[str]:
        latest: str | Generation = first
        try:
            while isinstance(latest, str):
                yield _event(_document(workers, latest, None, name))
                latest = await piece()
            yield _event(_document(workers, "", latest.finish, name))
            yield "data: [DONE]\n\n"
        except Exception as error:
            yield _event({"error": {"message": str(error), "type": "failed"}})
        finally:
            abandoned.set()

    return StreamingResponse(events(), media_type="text/event-stream", headers={"cache-control": "no-store"})


def _document(workers: Workers, text: str, finish: str | None, name: str | None = None) -> dict[str, Any]:
    return {
        "id": name or f"cmpl-{uuid.uuid4().hex}",
        "object": "text_completion",
        "created": int(time.time()),
        "model": workers.backend.model,
        "choices": [{"index": 0, "text": text, "logprobs": None, "finish_reason": finish}],
    }


def _event(document: dict[str, Any]) -> str:
    return f"data: {json.dumps(document, ensure_ascii=False)}\n\n"
