"""The bodies of requests as JSON schemas: what the server takes, field by field."""

from __future__ import annotations

from typing import Any, TypeAlias

from pydantic import TypeAdapter

from t2sql.plain import Json
from t2sql.serve.bodies import AskBody, Body
from t2sql.serve.chat_body import MAX_MESSAGES, MESSAGE_HARMLESS, ChatBody
from t2sql.serve.completion_body import MAX_LOGPROBS, CompletionBody
from t2sql.serve.openai_body import CUTS, HARMLESS, MAX_STOPS, OpenAIBody
from t2sql.serve.settings import Settings

JsonSchema: TypeAlias = dict[str, Any]
"""A JSON schema of the draft 2020-12, which OpenAPI 3.1 has."""

_NULL: JsonSchema = {"type": "null"}
_TEXT: JsonSchema = {"type": "string", "minLength": 1}
_NOT_BLANK: JsonSchema = {"type": "string", "pattern": r"\S"}
_ANYTHING: JsonSchema = {"description": "Ignored: it does not change an answer."}
_NOTHING: JsonSchema = {"enum": [None, [], {}]}


def body_schema(kind: type[Body], settings: Settings) -> JsonSchema:
    """The schema of a route's body.

    Null stands for a field that is not given. What the fields may be together is in it where that can be said
    of few of them: the server also refuses more than 64 answers, and what does not fit the context.

    Args:
        kind: The body.
        settings: The limits.
    """
    schema: JsonSchema = TypeAdapter(kind).json_schema()
    # Messages are described here, with what stands beside role and content.
    schema.pop("$defs", None)
    schema["description"] = schema["description"].partition("\n")[0]
    required = set(schema.get("required", ()))
    fields: dict[str, JsonSchema] = schema["properties"]
    fields |= _own_fields(kind, settings)
    for name, field in fields.items():
        field.pop("title", None)
        if name not in required:
            fields[name] = _or_null(field)
    schema["additionalProperties"] = False
    if issubclass(kind, OpenAIBody):
        fields |= {name: dict(_ANYTHING) for name in sorted(HARMLESS)}
        fields |= {
            name: dict(_ANYTHING) if name in CUTS else {"enum": [*values, None]}
            for name, values in kind.neutral.items()
        }
        schema["allOf"] = _together(kind)
    return schema


def _or_null(field: JsonSchema) -> JsonSchema:
    alternatives = field.pop("anyOf", None) or [dict(field)]
    if _NULL not in alternatives:
        alternatives = [*alternatives, _NULL]
    kept = {name: field[name] for name in ("default", "description") if name in field}
    for alternative in alternatives:
        alternative.pop("default", None)
    return {"anyOf": alternatives} | kept


def _own_fields(kind: type[Body], settings: Settings) -> dict[str, JsonSchema]:
    """The fields of which pydantic does not know all that is checked."""
    tokens: list[JsonSchema] = [
        {"const": -1},
        {"type": "integer", "minimum": 1, "maximum": settings.max_tokens},
    ]
    fields: dict[str, JsonSchema] = {"max_tokens": {"anyOf": tokens}}
    if issubclass(kind, OpenAIBody):
        stops = {"type": "array", "items": {"type": "string"}, "maxItems": MAX_STOPS}
        fields["stop"] = {"anyOf": [{"type": "string"}, stops]}
    if kind is AskBody:
        fields["question"] = {**kind.model_json_schema()["properties"]["question"], **_NOT_BLANK}
    if kind is CompletionBody:
        fields["prompt"] = {"anyOf": [_TEXT, {"type": "array", "items": _TEXT, "minItems": 1}]}
        fields["logprobs"] = {
            "anyOf": [{"type": "integer", "minimum": 0, "maximum": MAX_LOGPROBS}, {"const": False}, _NULL]
        }
    if kind is ChatBody:
        fields["messages"] = _messages()
        fields["max_completion_tokens"] = {"anyOf": [dict(one) for one in tokens]}
    return fields


def _messages() -> JsonSchema:
    part = {
        "type": "object",
        "properties": {"type": {"const": "text"}, "text": {"type": "string"}},
        "required": ["type", "text"],
    }
    message = {
        "type": "object",
        "properties": {
            "role": {"enum": ["system", "developer", "user", "assistant"]},
            "content": {"anyOf": [{"type": "string"}, {"type": "array", "items": part}]},
            **{name: dict(_ANYTHING) for name in MESSAGE_HARMLESS},
        },
        "required": ["role", "content"],
        "additionalProperties": _NOTHING,
    }
    return {
        "description": "The last message that is not the system's is the user's, and not blank.",
        "type": "array",
        "items": message,
        "minItems": 1,
        "maxItems": MAX_MESSAGES,
        "contains": {"properties": {"role": {"const": "user"}}},
    }


def _together(kind: type[OpenAIBody]) -> list[JsonSchema]:
    """What fields may not be together."""
    cuts = {name: {"enum": [*kind.neutral[name], None]} for name in CUTS if name in kind.neutral}
    warm = {
        "properties": {"temperature": {"type": "number", "exclusiveMinimum": 0}},
        "required": ["temperature"],
    }
    rules: list[JsonSchema] = [
        {"if": warm, "then": {"properties": cuts}},
        _only_if("stream_options", {"type": "object", "minProperties": 1}, "stream", {"const": True}),
    ]
    if kind is CompletionBody:
        count: JsonSchema = {"type": "integer"}
        rules += [
            _only_if("logprobs", count, other, {"enum": [False, None]}, needed=False)
            for other in ("stream", "echo")
        ]
    if kind is ChatBody:
        count = {"type": "integer"}
        rules.append(_only_if("max_completion_tokens", count, "max_tokens", _NULL, needed=False))
    return rules


def _only_if(
    name: str, value: JsonSchema, other: str, wanted: JsonSchema, *, needed: bool = True
) -> JsonSchema:
    """A field may have a value only if another has the wanted one, or is missing where it is not needed."""
    then: JsonSchema = {"properties": {other: wanted}}
    if needed:
        then["required"] = [other]
    return {"if": {"properties": {name: value}, "required": [name]}, "then": then}


def example_body(kind: type[Body]) -> dict[str, Json]:
    """A body that a reader of the document can send."""
    question = "How many products are there?"
    if kind is AskBody:
        return {"question": question, "execute": True}
    if kind is ChatBody:
        return {"messages": [{"role": "user", "content": question}]}
    return {"prompt": f"table: products\ncolumns: id, name\nQ: {question}\nA:", "max_tokens": 64}
