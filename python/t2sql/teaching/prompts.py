"""What a teacher is asked: a question in other words, and the statement of a question.

Both prompts are plain text with examples, so that base models, chat models and servers understand them.
"""

from __future__ import annotations

from t2sql.data import Example
from t2sql.schema import Schema, Table
from t2sql.sql import literal, quote

_SAMPLES = 3

_MANNERS = (
    (
        "as one would say it to a colleague",
        "Which of our products cost more than 10? Cheapest first, please.",
    ),
    ("as a short search phrase", "products over 10, titles, cheapest first"),
    ("as a polite request", "Could you give me the titles of products priced above 10, in ascending order?"),
    ("without the names of the columns where they can be guessed", "What do we sell for more than 10?"),
    ("as a question that begins otherwise", "For products that cost over 10, what are they called?"),
)
"""Ways to ask, with an example each."""

_REPHRASE = """\
Each question about a database is asked again in other words. The meaning stays exactly the same: every \
value, number, condition and order in it is still asked for, and nothing is added. The answer is the new \
question alone, on one line.

Question: List the title of each product whose price is over 10, from the lowest price on.
In other words, {manner}: {sample}

Question: {question}
In other words, {manner}:"""

_ANSWER = """\
A database, in SQLite:

{tables}

Each question is answered with one SELECT statement of SQLite on one line, and nothing else.

Question: {question}
SQL:"""


def rephrase_prompt(example: Example, index: int) -> str:
    """The prompt that asks for an example's question in other words.

    Args:
        example: The example.
        index: Decides the manner in which it is to be asked.
    """
    manner, sample = _MANNERS[index % len(_MANNERS)]
    return _REPHRASE.format(manner=manner, sample=sample, question=example.question)


def answer_prompt(schema: Schema, question: str) -> str:
    """The prompt that asks for the statement of a question.

    Args:
        schema: The tables. The few values that it has are shown; private columns have none.
        question: The question, in words.
    """
    tables = "\n".join(map(_create_table, schema.tables))
    return _ANSWER.format(tables=tables, question=question)


def _create_table(table: Table) -> str:
    lines = []
    for column in table.columns:
        shown = ", ".join(literal(value) for value in column.values[:_SAMPLES])
        key = " PRIMARY KEY" if column.primary_key else ""
        lines.append((f"{quote(column.name)} {column.type}{key}".rstrip(), f" -- {shown}" if shown else ""))
    for foreign in table.foreign_keys:
        to = f"{quote(foreign.to_table)} ({quote(foreign.to_column)})"
        lines.append((f"FOREIGN KEY ({quote(foreign.column)}) REFERENCES {to}", ""))
    last = len(lines) - 1
    body = "\n".join(
        f"  {text}{'' if index == last else ','}{note}" for index, (text, note) in enumerate(lines)
    )
    return f"CREATE TABLE {quote(table.name)} (\n{body}\n);"
