"""The rows of a result as text for people, CSV, JSON and Parquet."""

from __future__ import annotations

import csv
import io
import json
import math
import os
import re
import tempfile
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from t2sql.errors import InputError, MissingPartError
from t2sql.sql import Result

FORMATS = ("table", "csv", "json", "parquet")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_WIDEST = 80


def json_rows(result: Result) -> list[list[Any]]:
    """Rows of JSON's own types: dates and exact decimals as text, bytes as hexadecimal digits."""
    return [[_json(value) for value in row] for row in result.rows]


def printable(value: Any) -> str:
    """A value on one line of a terminal, with nothing that would steer it."""
    if value is None:
        return ""
    text = value.hex() if isinstance(value, (bytes, memoryview)) else str(value)
    text = _CONTROL.sub(lambda match: repr(match.group())[1:-1], text)
    return text if len(text) <= _WIDEST else text[: _WIDEST - 1] + "…"


def format_rows(result: Result, format: str) -> str:
    """The rows as `csv` (NULL is an empty field) or `json` (columns and rows)."""
    if format == "json":
        document = {"columns": list(result.columns), "rows": json_rows(result)}
        return json.dumps(document, ensure_ascii=False)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(result.columns)
    writer.writerows([["" if value is None else _json(value) for value in row] for row in result.rows])
    return out.getvalue().rstrip("\n")


def write_file(result: Result, path: Path, format: str, *, force: bool = False) -> None:
    """Write the rows to a file as `csv`, `json` or `parquet`; the file is there only when it is whole."""
    if path.exists() and not force:
        raise InputError("the output exists", where=path, hint="Give --force to replace it")
    if not path.parent.is_dir():
        raise InputError("no such directory", where=path.parent)
    data = parquet(result) if format == "parquet" else (format_rows(result, format) + "\n").encode()
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        try:
            file.write(data)
            file.close()
            os.chmod(file.name, 0o666 & ~_umask())
            os.replace(file.name, path)
        except BaseException:
            os.unlink(file.name)
            raise


def parquet(result: Result) -> bytes:
    """The rows as a Parquet file. Columns of one name get a number; of values of mixed types, text."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ModuleNotFoundError:
        hint = "Install it: pip install pyarrow"
        raise MissingPartError("Parquet needs pyarrow", found="no pyarrow", hint=hint) from None
    arrays = []
    for at in range(len(result.columns)):
        values = [row[at] for row in result.rows]
        try:
            arrays.append(pyarrow.array(values))
        except (
            pyarrow.ArrowInvalid,
            pyarrow.ArrowTypeError,
            pyarrow.ArrowNotImplementedError,
            OverflowError,
        ):
            arrays.append(pyarrow.array([None if v is None else str(_json(v)) for v in values]))
    table = pyarrow.Table.from_arrays(arrays, names=_distinct(result.columns))
    out = io.BytesIO()
    pyarrow.parquet.write_table(table, out)
    return out.getvalue()


def _distinct(names: Sequence[str]) -> list[str]:
    seen: dict[str, int] = {}
    out = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        out.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return out


def _json(value: Any) -> Any:
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, (bytes, memoryview)):
        return value.hex()
    if isinstance(value, (list, tuple)):
        return [_json(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _json(item) for key, item in value.items()}
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
