"""`/openapi.json` says what the server takes and answers; `make api` tries that with many more requests."""

from __future__ import annotations

import random
from typing import Any

import pytest
from support.openai_bodies import CHAT, COMPLETION
from support.serving import Served

from t2sql.serve import Settings
from t2sql.serve.openapi import openapi_document

validators = pytest.importorskip(
    "openapi_spec_validator", reason="openapi.json was not validated: pip install openapi-spec-validator"
)
from jsonschema import Draft202012Validator  # noqa: E402 - a dependency of openapi-spec-validator

DOCUMENT: Any = openapi_document(Settings(), "tiny")
QUESTION = {"question": "How many products are there?"}
MESSAGES = {"messages": [{"role": "user", "content": "How many products are there?"}]}
BODIES = {
    "AskBody": ("/ask", {**QUESTION, "execute": True, "max_tokens": 24, "beam": None, "max_rows": 5}),
    "ChatBody": ("/v1/chat/completions", {**CHAT, **MESSAGES}),
    "CompletionBody": ("/v1/completions", {**COMPLETION, "prompt": ["1, 2,", "a, b,"]}),
}
VALUES = (None, -1, 0, 1, 2, 0.5, 100_000, "", "x", True, False, [], ["x"], {}, {"type": "text"}, [{}])


def allows(name: str, document: Any) -> bool:
    root = {**DOCUMENT, "$ref": f"#/components/schemas/{name}"}
    return Draft202012Validator(root).is_valid(document)


@pytest.mark.parametrize("token", [None, "a token that nobody guesses"])
def test_the_document_is_openapi_and_names_the_token(token: str | None) -> None:
    document: Any = openapi_document(Settings(token=token), "tiny")
    validators.validate(document)
    asks = {path: "security" in next(iter(methods.values())) for path, methods in document["paths"].items()}
    assert asks == {path: token is not None and path != "/health" for path in asks}


def test_every_described_route_answers_as_described(tiny_shop: Served) -> None:
    sent = {path: body for path, body in BODIES.values()}
    with tiny_shop.client() as client:
        document = client.get("/openapi.json").json()
        for path, methods in document["paths"].items():
            ((method, operation),) = methods.items()
            (model,) = client.get("/v1/models").json()["data"]
            answer = client.request(method, path.replace("{name}", model["id"]), json=sent.get(path))
            assert answer.status_code == 200, (path, answer.text)
            content = operation["responses"]["200"]["content"]
            if schema := content.get("application/json", {}).get("schema"):
                assert allows(schema["$ref"].rpartition("/")[2], answer.json()), path
        missing = client.get("/nowhere").json()
    served = missing["error"]["message"].partition("there are ")[2].split(", ")
    described = {path.partition("/{")[0] for path in document["paths"]}
    assert described == set(served) - {"/openapi.json"}
    assert allows("ErrorAnswer", missing)


@pytest.mark.parametrize("name", BODIES)
def test_the_server_refuses_what_the_document_does_not_allow(tiny_shop: Served, name: str) -> None:
    """Fields of a right body get values of other kinds, by a seed."""
    path, right = BODIES[name]
    assert allows(name, right)
    draw = random.Random(1)
    fields = [*sorted(DOCUMENT["components"]["schemas"][name]["properties"]), "unheard_of"]
    with tiny_shop.client() as client:
        for field in fields:
            value = draw.choice(VALUES)
            body = {**right, field: value}
            status = client.post(path, json=body).status_code
            # A body that is allowed may still ask for more than there may be.
            assert status == 400 if not allows(name, body) else status in (200, 400), (field, value)
