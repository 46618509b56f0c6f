"""Requests to a running llama.cpp server over its port, for what its completions cannot say."""

from __future__ import annotations

import http.client
import json
from typing import Any

from t2sql.errors import ContextError, WorkError
from t2sql.runtimes.llama_process import LlamaServer

_TIMEOUT_SECONDS = 600


def post(server: LlamaServer, route: str, body: dict[str, Any]) -> Any:
    """Ask a server.

    Args:
        server: It.
        route: The path, such as "/tokenize".
        body: The request's document.

    Returns:
        The document of the answer.

    Raises:
        ContextError: A prompt does not fit the context.
        WorkError: The server refused, or has ended.
    """
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {server.key}"}
    # A connection each: the server drops idle and long-lived ones.
    connection = http.client.HTTPConnection(server.address.removeprefix("http://"), timeout=_TIMEOUT_SECONDS)
    try:
        connection.request("POST", route, json.dumps(body), headers)
        response = connection.getresponse()
        text = response.read()
    except (OSError, http.client.HTTPException):
        raise server.failure() from None
    finally:
        connection.close()
    if response.status != 200:
        raise _refusal(route, text)
    return json.loads(text)


def _refusal(route: str, text: bytes) -> ContextError | WorkError:
    try:
        error = json.loads(text)["error"]
    except (ValueError, KeyError, TypeError):
        error = {}
    if error.get("type") == "exceed_context_size_error":
        return ContextError(
            "the prompt does not fit the context",
            expected=f"at most {error.get('n_ctx', 'the context')} tokens",
            found=f"{error.get('n_prompt_tokens', 'more')} tokens",
            hint="Give fewer tables or columns",
        )
    return WorkError("llama.cpp refused a request", where=route, found=text[:200])
