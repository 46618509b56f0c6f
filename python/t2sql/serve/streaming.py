"""Answers as server-sent events, those of several choices mixed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, Protocol, TypeVar

from starlette.responses import Response, StreamingResponse

from t2sql.generate import Cancelled
from t2sql.plain import Json
from t2sql.serve.errors import TimedOut, refusal_of, server_ends
from t2sql.serve.settings import Settings
from t2sql.serve.work import Workers

R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)


class Streamable(Protocol[R_co]):
    """One of the answers to a request."""

    def work(self, workers: Workers, on_text: Callable[[str], None]) -> Callable[[Cancelled], R_co]:
        """What a thread does for it; `on_text` gets the answer's pieces there."""


@dataclass(frozen=True)
class StreamForm(Generic[R]):
    """How the events of a route look.

    Attributes:
        head: What every event has.
        opening: Choices that are sent before all others, each in an event of its own.
        piece: The choice of an event, from its index and a piece of its text.
        end: The choice of the event that ends it, from its index and its result.
        usage: The counts of tokens, from all results; None leaves them out.
    """

    head: dict[str, Json]
    opening: Sequence[dict[str, Json]]
    piece: Callable[[int, str], dict[str, Json]]
    end: Callable[[int, R], dict[str, Json]]
    usage: Callable[[list[R]], dict[str, Json]] | None


async def stream(
    choices: Sequence[Streamable[R]], form: StreamForm[R], workers: Workers, settings: Settings
) -> Response:
    """Answer with events.

    An error before the first piece becomes an ordinary response; one after it ends the stream with an event.

    Args:
        choices: The answers, at least one.
        form: How the events look.
        workers: The model.
        settings: The server's limits.

    Raises:
        Refusal: The server ends.
        Busy: Too many requests wait or run.
        TimedOut: It took too long.
        T2sqlError: What the first choice raised.
    """
    loop = asyncio.get_running_loop()
    pieces: asyncio.Queue[tuple[int, str | _Result[R] | BaseException]] = asyncio.Queue()

    def followed(index: int, choice: Streamable[R]) -> Callable[[Cancelled], None]:
        def put(piece: str | _Result[R] | BaseException) -> None:
            loop.call_soon_threadsafe(pieces.put_nowait, (index, piece))

        work = choice.work(workers, put)

        def run(cancelled: Cancelled) -> None:
            try:
                put(_Result(work(cancelled)))
            except BaseException as error:
                put(error)

        return run

    job = workers.submit([followed(index, choice) for index, choice in enumerate(choices)])

    def ended(index: int, done: asyncio.Future[Any]) -> None:
        if done.cancelled():
            pieces.put_nowait((index, server_ends()))

    for index, future in enumerate(job.futures):
        future.add_done_callback(partial(ended, index))
    deadline = loop.time() + settings.request_seconds

    async def piece() -> tuple[int, str | _Result[R]]:
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

    async def events() -> AsyncIterator[str]:
        results: list[R] = []
        index, latest = first
        try:
            for choice in form.opening:
                yield _event(form.head | {"choices": [choice]})
            while True:
                if isinstance(latest, str):
                    yield _event(form.head | {"choices": [form.piece(index, latest)]})
                else:
                    results.append(latest.value)
                    yield _event(form.head | {"choices": [form.end(index, latest.value)]})
                if len(results) == len(choices):
                    break
                index, latest = await piece()
            if form.usage is not None:
                yield _event(form.head | {"choices": [], "usage": form.usage(results)})
            yield "data: [DONE]\n\n"
        except Exception as error:
            yield _event(refusal_of(error).document())
        finally:
            job.abandon()

    return StreamingResponse(events(), media_type="text/event-stream", headers={"cache-control": "no-store"})


@dataclass(frozen=True)
class _Result(Generic[R]):
    """The result of a choice, which may be a text, told apart from a piece of one."""

    value: R


def _event(document: dict[str, Json]) -> str:
    return f"data: {json.dumps(document, ensure_ascii=False)}\n\n"
