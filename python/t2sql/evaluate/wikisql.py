"""WikiSQL's two scores, exactly as the official script computes them, oddities included.

The script is `evaluate.py` of github.com/salesforce/WikiSQL with its `lib/query.py` and `lib/dbengine.py`.
Where its results may surprise, this module gives the same:

- Logical form compares conditions as a set, so a condition given twice counts once. Values compare as
  lower-cased text: 20 and 20.0 differ, 20 and "20" do not. Column, aggregate and operator compare as Python
  values.
- Execution binds one value for each column: of two conditions on one column, both get the last value.
- A text value for a `real` column becomes the number that it is without its commas, otherwise the first
  number in it; without any number the query fails.
- Values are lower-cased, as the official databases hold them.
- Results compare as lists, so order counts, and 3 equals 3.0. A predicted query that cannot run is wrong.

The script stops with a traceback where a gold query fails, and scores only as many questions as the shorter
file has; here both are errors. A predicted query that the script cannot read is wrong. A database that cannot
be read says nothing about a prediction: it is an error.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from t2sql.errors import InputError
from t2sql.evaluate.stats import wilson
from t2sql.evaluate.wikisql_form import Prediction
from t2sql.evaluate.wikisql_query import Query, QueryError, same_logical_form
from t2sql.evaluate.wikisql_table import WikiSqlTable
from t2sql.plain import parse_json
from t2sql.runs import records
from t2sql.sql import Reader, SqlError, open_reader


@dataclass(frozen=True)
class Official:
    """The official grades of a predictions file.

    Attributes:
        execution: For each question, whether the result is right.
        logical: For each question, whether the logical form is right.
    """

    execution: list[bool]
    logical: list[bool]

    @property
    def n(self) -> int:
        """Questions."""
        return len(self.execution)

    @property
    def execution_accuracy(self) -> float:
        """Fraction of questions with the right result, the script's `ex_accuracy`; 0 of none."""
        return sum(self.execution) / self.n if self.n else 0.0

    @property
    def logical_accuracy(self) -> float:
        """Fraction of questions with the right logical form, the script's `lf_accuracy`; 0 of none."""
        return sum(self.logical) / self.n if self.n else 0.0

    def to_json(self) -> records.JsonObject:
        """The accuracies by the script's names, each with Wilson's 95% interval."""
        return {
            "n": self.n,
            "ex_accuracy": self.execution_accuracy,
            "ex_accuracy_interval": list(wilson(sum(self.execution), self.n)),
            "lf_accuracy": self.logical_accuracy,
            "lf_accuracy_interval": list(wilson(sum(self.logical), self.n)),
        }


@dataclass(frozen=True)
class Question:
    """A line of a split's .jsonl file.

    Attributes:
        table_id: The table that it is about, such as 1-10015132-11.
        gold: The right query.
        where: File and line, for errors.
    """

    table_id: str
    gold: Query
    where: str

    @classmethod
    def from_json(cls, line: records.JsonObject, where: str) -> Question:
        """Read a question.

        Raises:
            InputError: The line lacks `table_id` or a query under `sql`.
        """
        table_id = line.get("table_id")
        if not isinstance(table_id, str):
            raise InputError("not a WikiSQL question", where=where, expected='a string "table_id"')
        try:
            return cls(table_id, Query.from_json(line.get("sql")), where)
        except QueryError as error:
            raise InputError("the gold query cannot be read", where=where, found=error) from None


def official_scores(source: Path, predictions: Path, database: Path, *, ordered: bool = False) -> Official:
    """Score a predictions file against a split of WikiSQL.

    Args:
        source: The split's .jsonl file.
        predictions: `{"query": …}` or `{"error": …}` a line, or lines as t2sql writes them.
        database: The split's .db file.
        ordered: Whether conditions have to come in the gold query's order (the script's `--ordered`).

    Raises:
        InputError: A file or the database cannot be read, the files differ in length, or a gold query fails.
    """
    answers = [Prediction.from_json(line) for line in _lines(predictions)]
    questions = [
        Question.from_json(line, f"{source}:{number}") for number, line in enumerate(_lines(source), start=1)
    ]
    if not questions:
        raise InputError("no question in the file", where=source)
    execution, logical = [], []
    with open_reader(database) as reader:
        for question, answer in zip_longest(questions, answers):
            if question is None or answer is None:
                raise InputError(
                    "questions and predictions differ in number",
                    where=source,
                    expected=len(questions),
                    found=len(answers),
                )
            right, same = grade(reader, question, answer, ordered=ordered)
            execution.append(right)
            logical.append(same)
    return Official(execution, logical)


def grade(
    reader: Reader, question: Question, prediction: Prediction, *, ordered: bool = False
) -> tuple[bool, bool]:
    """Whether a prediction's result is right, and whether its logical form is.

    Raises:
        InputError: The gold query fails, or the database cannot be read.
    """
    table = WikiSqlTable.read(reader, question.table_id, where=question.where)
    try:
        expected = table.run(reader, question.gold)
    except (QueryError, SqlError) as error:
        raise InputError("the gold query fails", where=question.where, found=error) from error
    if prediction.error:
        # As in the script, which takes the error for the prediction's result.
        return prediction.error == expected, False
    # Only these two errors are the prediction's own: a locked database or a bug of ours has to come out.
    try:
        query = Query.from_json(prediction.query)
    except QueryError:
        return False, False
    try:
        right = table.run(reader, query) == expected
    except (QueryError, SqlError):
        right = False
    return right, same_logical_form(question.gold, query, ordered=ordered)


def _lines(path: Path) -> list[records.JsonObject]:
    try:
        texts = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("the file cannot be read", where=path, found=error) from None
    lines: list[records.JsonObject] = []
    for number, text in enumerate(texts, start=1):
        try:
            line = parse_json(text)
        except ValueError as error:
            raise InputError("the line is not JSON", where=f"{path}:{number}", found=error) from None
        if not isinstance(line, dict):
            raise InputError("the line is not a JSON object", where=f"{path}:{number}")
        lines.append(line)
    return lines
