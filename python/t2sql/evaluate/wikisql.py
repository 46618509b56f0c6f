"""WikiSQL's two scores, exactly as the official script computes them, oddities included.

The script is `evaluate.py` of github.com/salesforce/WikiSQL with its `lib/query.py` and `lib/dbengine.py`.
What it does that one would not expect, and this module does alike:

- Logical form compares conditions as a set, so that one said twice counts once, with values as lower-cased
  text: 20 and 20.0 differ, 20 and "20" do not. Column, aggregate and operator compare as Python numbers.
- Execution binds each value by its column: of two conditions on one column both get the last value.
- A text value of a `real` column becomes the number that it is with its commas left out, otherwise the
  first number found in it; a text without any number is an error. Values are lower-cased, as the official
  databases hold them.
- Results compare as lists, so order counts and 3 equals 3.0. Whatever fails in a prediction makes it wrong.

Where the script stops with a traceback (a gold query that fails) or scores less than it was given (files
of unequal length), there is an error instead; conditions that are no triples are wrong.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from t2sql.errors import InputError

if TYPE_CHECKING:
    from t2sql.sql import Reader

AGGREGATES = ("", "MAX", "MIN", "COUNT", "SUM", "AVG")
OPERATORS = ("=", ">", "<", "OP")

_SCHEMA = re.compile(r"\((.+)\)")
_NUMBER = re.compile(r"[-+]?\d*\.\d+|\d+")

Query = Mapping[str, Any]
"""`sel`, `agg` and `conds` (column, operator, value) by index, as WikiSQL's files hold them."""


@dataclass(frozen=True)
class Official:
    """Per question, whether the result and whether the logical form is right."""

    execution: list[bool]
    logical: list[bool]

    def to_dict(self) -> dict[str, Any]:
        from t2sql.evaluate.stats import wilson

        n = len(self.execution)
        scores: dict[str, Any] = {"n": n}
        for name, grades in (("ex_accuracy", self.execution), ("lf_accuracy", self.logical)):
            scores[name] = sum(grades) / n if n else None
            scores[f"{name}_interval"] = list(wilson(sum(grades), n))
        return scores


def same_logical_form(gold: Query, query: Query, *, ordered: bool = False) -> bool:
    """The script's `Query.__eq__`; with `ordered`, its `--ordered`."""
    if not (query["sel"] == gold["sel"] and query["agg"] == gold["agg"]):
        return False
    want = [(column, operator, str(value).lower()) for column, operator, value in gold["conds"]]
    got = [(column, operator, str(value).lower()) for column, operator, value in query["conds"]]
    return got == want if ordered else set(got) == set(want)


def run(reader: Reader, table_id: str, query: Query) -> list[Any]:
    """The script's `DBEngine.execute_query`; raises what the query's own mistakes raise."""
    name = table_id if table_id.startswith("table") else f"table_{table_id.replace('-', '_')}"
    made = reader.execute("SELECT sql FROM sqlite_master WHERE tbl_name = :name", {"name": name}).rows
    types = dict(part.split() for part in _SCHEMA.findall(made[0][0])[0].split(", "))
    select = f"col{query['sel']}"
    if aggregate := AGGREGATES[query["agg"]]:
        select = f"{aggregate}({select})"
    conditions, values = [], {}
    for column, operator, value in query["conds"]:
        conditions.append(f"col{column} {OPERATORS[operator]} :col{column}")
        values[f"col{column}"] = _bound(value, types[f"col{column}"])
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    found = reader.execute(f"SELECT {select} AS result FROM {name} {where}", values, max_rows=1_000_000)
    return [row[0] for row in found.rows]


def _bound(value: Any, type: str) -> Any:
    if isinstance(value, str):
        value = value.lower()
    if type == "real" and not isinstance(value, (int, float)):
        try:
            return float(Decimal(value.replace(",", "")))
        except InvalidOperation:
            return float(_NUMBER.findall(value)[0])
    return value


def official_scores(
    source: Path, predictions: Path | Iterable[Mapping[str, Any]], database: Path, *, ordered: bool = False
) -> Official:
    """Score a predictions file (`{"query": …}` or `{"error": …}` a line, or t2sql's own) against a split's
    .jsonl and .db file."""
    from t2sql.evaluate.wikisql_form import prediction_of
    from t2sql.sql import open_reader

    lines = _lines(predictions) if isinstance(predictions, Path) else list(predictions)
    lines = [dict(prediction_of(line)) for line in lines]
    examples = _lines(source)
    if not examples:
        raise InputError("no question in the file", where=source)
    execution, logical = [], []
    with open_reader(database) as reader:
        for number, (example, line) in enumerate(zip_longest(examples, lines), start=1):
            if example is None or line is None:
                raise InputError(
                    "questions and predictions differ in number",
                    where=source,
                    expected=len(examples),
                    found=len(lines),
                )
            try:
                gold = example["sql"]
                wanted = run(reader, example["table_id"], gold)
            except Exception as error:
                raise InputError("the gold query fails", where=f"{source}:{number}", found=error) from error
            right, same = _grade(reader, example["table_id"], gold, wanted, line, ordered)
            execution.append(right)
            logical.append(same)
    return Official(execution, logical)


def _grade(
    reader: Reader, table_id: str, gold: Query, wanted: list[Any], line: Mapping[str, Any], ordered: bool
) -> tuple[bool, bool]:
    if line.get("error"):
        return line["error"] == wanted, False
    query: Any = line.get("query")
    # Whatever is in a predictions file, the worst that it is is wrong.
    same = right = False
    with suppress(Exception):
        same = same_logical_form(gold, query, ordered=ordered)
    with suppress(Exception):
        right = run(reader, table_id, query) == wanted
    return right, same


def _lines(path: Path) -> list[dict[str, Any]]:
    try:
        texts = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("the file cannot be read", where=path, found=error) from None
    lines = []
    for number, text in enumerate(texts, start=1):
        try:
            line = json.loads(text)
        except ValueError as error:
            raise InputError("the line is not JSON", where=f"{path}:{number}", found=error) from None
        if not isinstance(line, dict):
            raise InputError("the line is not a JSON object", where=f"{path}:{number}")
        lines.append(line)
    return lines
