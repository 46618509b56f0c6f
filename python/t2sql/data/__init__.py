"""Schemas, examples and prompts, and the sources they come from."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from t2sql.data.baseline import baseline_answers, commonest_shape, shape
    from t2sql.data.dataset import Dataset, Example, load
    from t2sql.data.preparing import content_of, prepare, shown
    from t2sql.data.prompt import (
        CHAT_TEMPLATE,
        PROMPT_FORMAT,
        chat_template,
        encode,
        parse_prompt,
        prompt_text,
        render_prompt,
        render_retry,
        strip_end_marks,
    )
    from t2sql.data.schema import Column, ForeignKey, Schema, Table

_EXPORTS = {
    "Dataset": "dataset",
    "Example": "dataset",
    "load": "dataset",
    "content_of": "preparing",
    "prepare": "preparing",
    "shown": "preparing",
    "Column": "schema",
    "ForeignKey": "schema",
    "Schema": "schema",
    "Table": "schema",
    "CHAT_TEMPLATE": "prompt",
    "PROMPT_FORMAT": "prompt",
    "chat_template": "prompt",
    "encode": "prompt",
    "parse_prompt": "prompt",
    "prompt_text": "prompt",
    "render_prompt": "prompt",
    "render_retry": "prompt",
    "strip_end_marks": "prompt",
    "baseline_answers": "baseline",
    "commonest_shape": "baseline",
    "shape": "baseline",
}

__all__ = [
    "CHAT_TEMPLATE",
    "PROMPT_FORMAT",
    "Column",
    "Dataset",
    "Example",
    "ForeignKey",
    "Schema",
    "Table",
    "baseline_answers",
    "chat_template",
    "commonest_shape",
    "content_of",
    "encode",
    "load",
    "parse_prompt",
    "prepare",
    "prompt_text",
    "render_prompt",
    "render_retry",
    "shape",
    "shown",
    "strip_end_marks",
]


def __getattr__(name: str) -> Any:
    if name in _EXPORTS:
        return getattr(import_module(f"t2sql.data.{_EXPORTS[name]}"), name)
    raise AttributeError(f"module 't2sql.data' has no attribute {name!r}")
