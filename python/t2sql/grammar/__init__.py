"""The statements that a schema allows, as one grammar in two notations: llama.cpp's and llguidance's."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from t2sql.grammar.notations import Grammar
    from t2sql.grammar.statements import grammar_of

_EXPORTS = {"Grammar": "notations", "grammar_of": "statements"}

__all__ = ["Grammar", "grammar_of"]


def __getattr__(name: str) -> Any:
    if name in _EXPORTS:
        return getattr(import_module(f"t2sql.grammar.{_EXPORTS[name]}"), name)
    raise AttributeError(f"module 't2sql.grammar' has no attribute {name!r}")
