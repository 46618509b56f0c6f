"""SQLite's JSON functions in PostgreSQL's and MariaDB's dialects; DuckDB has them under the same names."""

from __future__ import annotations

from sqlglot import exp
from sqlglot.dialects.sqlite import SQLite

_NAMES = {
    "postgres": {
        "json_object": "JSONB_BUILD_OBJECT",
        "json_array": "JSONB_BUILD_ARRAY",
        "json_group_object": "JSONB_OBJECT_AGG",
        "json_type": "JSONB_TYPEOF",
    },
    "mysql": {"json_array_length": "JSON_LENGTH", "json_group_object": "JSON_OBJECTAGG"},
}


def translate_json(tree: exp.Expr, dialect: str) -> None:
    """Translate the JSON functions and operators of a statement.

    Args:
        tree: The statement's tree, read in SQLite's dialect; it is changed.
        dialect: sqlglot's name of the other dialect.
    """
    for node in list(tree.find_all(exp.JSONArrayAgg)):
        name = {"postgres": "JSONB_AGG", "mysql": "JSON_ARRAYAGG"}.get(dialect, "JSON_GROUP_ARRAY")
        node.replace(exp.Anonymous(this=name, expressions=[node.this]))
    for pairs in list(tree.find_all(exp.JSONObjectAgg)):
        name = {"postgres": "JSONB_OBJECT_AGG", "mysql": "JSON_OBJECTAGG"}.get(dialect, "JSON_GROUP_OBJECT")
        pairs.replace(exp.Anonymous(this=name, expressions=pairs.expressions))
    for call in list(tree.find_all(exp.Anonymous)):
        _call(call, dialect)
    for extract in list(tree.find_all(exp.JSONExtract, exp.JSONExtractScalar)):
        _extract(extract, dialect)


def _call(node: exp.Anonymous, dialect: str) -> None:
    name = node.name.lower()
    if dialect == "postgres" and name in ("json_array_length", "json_type"):
        value, *path = node.expressions
        value = _jsonb(value)
        if path:
            keys = _keys_of_text(path[0].name)
            if keys is None:
                return
            value = exp.Anonymous(this="JSONB_EXTRACT_PATH", expressions=[value, *keys])
        new = "JSONB_ARRAY_LENGTH" if name == "json_array_length" else "JSONB_TYPEOF"
        node.replace(exp.Anonymous(this=new, expressions=[value]))
    elif name in _NAMES.get(dialect, {}):
        node.set("this", _NAMES[dialect][name])


def _extract(node: exp.Expr, dialect: str) -> None:
    path = node.expression
    if dialect == "duckdb" or not isinstance(path, exp.JSONPath):
        return
    scalar = isinstance(node, exp.JSONExtractScalar)
    if dialect == "mysql":
        text = exp.Literal.string(_text(path))
        call = exp.Anonymous(this="JSON_EXTRACT", expressions=[node.this, text])
        node.replace(exp.Anonymous(this="JSON_UNQUOTE", expressions=[call]) if scalar else call)
        return
    keys = _keys(path)
    if keys is not None:
        name = "JSONB_EXTRACT_PATH_TEXT" if scalar else "JSONB_EXTRACT_PATH"
        node.replace(exp.Anonymous(this=name, expressions=[_jsonb(node.this), *keys]))


def _jsonb(node: exp.Expr) -> exp.Expr:
    return exp.Cast(this=node, to=exp.DataType.build("jsonb", dialect="postgres"))


def _keys(path: exp.JSONPath) -> list[exp.Expr] | None:
    """The path's steps as texts; None if it has another kind of step."""
    keys: list[exp.Expr] = []
    for step in path.expressions:
        if isinstance(step, exp.JSONPathRoot):
            continue
        if not isinstance(step, exp.JSONPathKey | exp.JSONPathSubscript) or isinstance(step.this, exp.Expr):
            return None
        keys.append(exp.Literal.string(str(step.this)))
    return keys


def _keys_of_text(text: str) -> list[exp.Expr] | None:
    path = SQLite().to_json_path(exp.Literal.string(text))
    return _keys(path) if isinstance(path, exp.JSONPath) else None


def _text(path: exp.JSONPath) -> str:
    """The path in MariaDB's notation."""
    parts = ["$"]
    for step in path.expressions:
        if isinstance(step, exp.JSONPathKey):
            parts.append(f'."{step.this}"')
        elif isinstance(step, exp.JSONPathSubscript):
            parts.append(f"[{step.this}]")
    return "".join(parts)
