"""Requests to a server with OpenAI's completions API: tried again, bounded, their failures in words."""

from __future__ import annotations

import os
import random
import time
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import httpx2

from t2sql.errors import ContextError, InputError, T2sqlError, WorkError
from t2sql.generate.request import Cancelled
from t2sql.plain import parse_json

Json: TypeAlias = dict[str, Any]
"""A request's or an answer's document."""

KEY = "T2SQL_API_KEY"
"""The environment variable with the server's key; OPENAI_API_KEY is read where it is not set."""

DEFAULT_TRIES = 4
FIRST_WAIT = 0.5
"""Seconds before the second try; each later wait is twice as long, plus up to half of that at random."""
DEFAULT_TIMEOUT = 120.0
"""Seconds without a byte from the server."""
_LONGEST_WAIT = 30.0
_TOTAL_SECONDS = 600.0
"""How long an answer may take in all, so that a server that sends byte by byte does not go on for ever."""
_MAX_BYTES = 8 << 20
"""Bytes of an answer: a thousand times those of a long statement with its log-probabilities."""

# Timeout, too early, too many requests, and the server's own failures: all may pass.
_RETRIED_STATUSES = {408, 425, 429, 500, 502, 503, 504}
_POLL_SECONDS = 0.05
_SHOWN = 200


class CompletionClient:
    """A server's `/v1/completions` and `/v1/chat/completions`. Several threads may use it.

    Attributes:
        url: The server's address for people, without a user's name and password.
        tries: How often a request is sent before it counts as failed.
    """

    def __init__(self, url: str, *, timeout: float, tries: int) -> None:
        """Connect to nothing yet.

        Args:
            url: The server's address, with or without "/v1".
            timeout: Seconds that the server may be silent.
            tries: How often a request is sent before it counts as failed.

        Raises:
            InputError: The address is not one of HTTP, or no header can hold the key.
        """
        base = url.strip().rstrip("/").removesuffix("/v1")
        self.url, self.tries = _shown_address(base), tries
        key = (os.environ.get(KEY) or os.environ.get("OPENAI_API_KEY") or "").strip()
        if not key.isascii() or not key.isprintable():
            raise InputError("the server's key has characters that no header can hold", where=KEY)
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        try:
            self._client = httpx2.Client(base_url=base, headers=headers, timeout=timeout)
        except (httpx2.InvalidURL, ValueError) as error:
            raise InputError("not a server's address", where=self.url, found=error) from None

    def is_llama_server(self) -> bool:
        """Whether the server has llama-server's own route; it takes a GBNF grammar with a request.

        Raises:
            WorkError: No server answers there.
        """
        try:
            answer = self._client.get("/props")
            return answer.status_code == 200 and "default_generation_settings" in answer.json()
        except httpx2.ConnectError as error:
            raise self._unreachable(error) from None
        except (httpx2.HTTPError, ValueError):
            return False

    def prompt_format(self, model: str) -> str | None:
        """What a `t2sql serve` says of the prompts that its model was trained on; None from other servers.

        Args:
            model: The name that the server knows the model by.
        """
        try:
            answer = self._client.get("/v1/models")
            listed = answer.json()["data"] if answer.status_code == 200 else []
            formats = {str(one["id"]): one.get("prompt_format") for one in listed}
        except (httpx2.HTTPError, ValueError, KeyError, TypeError, AttributeError):
            return None
        # A server of one model answers with it under any name.
        named = formats.get(model) if len(formats) != 1 else next(iter(formats.values()))
        return named if isinstance(named, str) else None

    def models(self) -> list[str]:
        """The names of the server's models; empty where it does not list them."""
        try:
            answer = self._client.get("/v1/models")
            listed = answer.json()["data"] if answer.status_code == 200 else []
            return [str(one["id"]) for one in listed]
        except (httpx2.HTTPError, ValueError, KeyError, TypeError):
            return []

    def post(self, body: Json, cancelled: Cancelled) -> Json | None:
        """Send a request; a failure that may pass is tried again, after longer and longer waits.

        Args:
            body: The request; one with messages goes to the chats.
            cancelled: Asked between tries and while an answer comes.

        Returns:
            The answer; None when it was cancelled meanwhile.

        Raises:
            ContextError: The prompt does not fit the context.
            InputError: The server refuses the key.
            WorkError: The server refuses the request, fails again and again, or does not answer as it should.
        """
        failure: object = ""
        path = "/v1/chat/completions" if "messages" in body else "/v1/completions"
        wait = 0.0
        for attempt in range(self.tries):
            if attempt:
                wait = max(wait, FIRST_WAIT * 2 ** (attempt - 1) * random.uniform(1, 1.5))
                if not _waited(wait, cancelled):
                    return None
            try:
                with self._client.stream("POST", path, json=body) as answer:
                    content = self._content(answer, cancelled)
            except httpx2.TimeoutException:
                failure = f"no answer within {self._client.timeout.read:g} s"
                continue
            except httpx2.ConnectError as error:
                if "SSL" in str(error):
                    raise self._unreachable(error) from None
                failure = error
                continue
            except (httpx2.HTTPError, httpx2.InvalidURL) as error:
                failure = error or type(error).__name__
                continue
            if content is None:
                return None
            text = content.decode("utf-8", "replace")
            if answer.status_code in _RETRIED_STATUSES:
                failure = f"HTTP {answer.status_code}: {_said(text)}"
                wait = _retry_after(answer)
                continue
            return self._document(answer, text)
        raise WorkError("the server does not answer", where=self.url, found=failure)

    def _content(self, answer: httpx2.Response, cancelled: Cancelled) -> bytes | None:
        """The bytes of an answer; None when it was cancelled."""
        content, deadline = bytearray(), time.monotonic() + _TOTAL_SECONDS
        for chunk in answer.iter_bytes():
            content += chunk
            if len(content) > _MAX_BYTES:
                raise WorkError(
                    "the server's answer does not end", where=self.url, found=f"over {_MAX_BYTES >> 20} MiB"
                )
            if time.monotonic() > deadline:
                raise WorkError(
                    "the server's answer does not end", where=self.url, found=f"over {_TOTAL_SECONDS:g} s"
                )
            if cancelled():
                return None
        return bytes(content)

    def _document(self, answer: httpx2.Response, text: str) -> Json:
        status = answer.status_code
        if status != 200:
            raise self._refusal(answer, text)
        if text.lstrip().startswith(("data:", ":", "event:")):
            return _joined_events(text)
        try:
            document = parse_json(text)
        except ValueError:
            kind = answer.headers.get("content-type", "no content-type")
            found = f"{kind}: {_said(text)}"
            hint = "Is this the address of the API, and not of a web page?"
            raise WorkError(
                "the server's answer is not JSON", where=self.url, found=found, hint=hint
            ) from None
        if not isinstance(document, dict) or "error" in document:
            raise WorkError("not an answer to a completion", where=self.url, found=_said(text))
        return document

    def _refusal(self, answer: httpx2.Response, text: str) -> T2sqlError:
        status, said = answer.status_code, _said(text)
        if status in (401, 403):
            return InputError(
                "the server refuses the key",
                where=self.url,
                hint=f"Set {KEY}",
                found=f"HTTP {status}: {said}",
            )
        if status == 400 and "context" in text.lower():
            return ContextError("the prompt does not fit the context", where=self.url, found=said)
        hint = None
        if 300 <= status < 400:
            # It is not followed: the key is for this server.
            said = f"a redirection to {answer.headers.get('location', 'nowhere')}"
            hint = "Give that address"
        elif status in (404, 405):
            hint = "It has to have /v1/completions and this model; a server of chats alone is not enough"
        found = f"HTTP {status}: {said}"
        return WorkError("the server refused the request", where=self.url, found=found, hint=hint)

    def _unreachable(self, error: httpx2.ConnectError) -> WorkError:
        text = str(error)
        if "CERTIFICATE_VERIFY_FAILED" in text:
            hint = "Use the name in its certificate, or name your authority's file in SSL_CERT_FILE"
            return WorkError("the server's certificate is not trusted", where=self.url, found=text, hint=hint)
        if "SSL" in text:
            hint = "Does it speak plain HTTP? Then its address begins with http://"
            return WorkError("no secure connection to the server", where=self.url, found=text, hint=hint)
        return WorkError("no server there", where=self.url, found=text)

    def close(self) -> None:
        """End the connections."""
        self._client.close()


def _shown_address(base: str) -> str:
    """The address without a user's name and password.

    Raises:
        InputError: It is none of HTTP.
    """
    try:
        parts = urlsplit(base)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or parts.scheme not in ("http", "https"):
        raise InputError("not a server's address", expected="openai:http://HOST:PORT")
    name = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{name}{'' if port is None else f':{port}'}{parts.path}"


def _joined_events(text: str) -> Json:
    """The document of a server that streams although it was not asked to."""
    pieces, last = [], {}
    for line in text.splitlines():
        try:
            event = parse_json(line.removeprefix("data:")) if line.startswith("data:") else None
        except ValueError:
            continue
        if isinstance(event, dict):
            last = event
            for choice in event.get("choices") or ():
                pieces.append(choice)
    texts = [str(piece.get("text") or "") for piece in pieces if isinstance(piece, dict)]
    finishes = [piece.get("finish_reason") for piece in pieces if isinstance(piece, dict)]
    finish = next((one for one in reversed(finishes) if one), None)
    return {**last, "choices": [{"text": "".join(texts), "finish_reason": finish}] if pieces else []}


def _said(text: str) -> str:
    """What an error's body says: OpenAI's message, or the beginning of the text."""
    try:
        document = parse_json(text)
    except ValueError:
        document = None
    if isinstance(document, dict):
        error = document.get("error") or document.get("detail") or document.get("message")
        message = error.get("message") if isinstance(error, dict) else error
        if isinstance(message, str):
            text = message
    return " ".join(text.split())[:_SHOWN] or "nothing"


def _retry_after(answer: httpx2.Response) -> float:
    """Seconds that the server asks to wait; 0 where it does not say."""
    try:
        return min(_LONGEST_WAIT, max(0.0, float(answer.headers.get("retry-after", 0))))
    except ValueError:
        return 0.0


def _waited(seconds: float, cancelled: Cancelled) -> bool:
    """Wait; False as soon as nobody waits for the answer any more."""
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        if cancelled():
            return False
        time.sleep(min(left, _POLL_SECONDS))
    return not cancelled()
