"""What a chat asks: the question, the tables that its messages describe, and what was answered before."""

from __future__ import annotations

import re
from dataclasses import dataclass

from t2sql.errors import InputError
from t2sql.generate import first_statement
from t2sql.prompt import parse_prompt
from t2sql.schema import Schema, read_ddl
from t2sql.serve.chat_body import ChatBody
from t2sql.serve.errors import Refusal

MAX_TURNS = 3
"""The latest earlier questions that the prompt shows; a context of 2,048 tokens holds them and a schema."""
_CREATE_TABLE = re.compile(
    r"^[ \t]*(?=CREATE\s+(?:(?:OR\s+REPLACE|TEMP|TEMPORARY|UNLOGGED|VIRTUAL|EXTERNAL)\s+)*"
    r"TABLE\b[^(;\n]*\s*\()",
    re.IGNORECASE | re.MULTILINE,
)
_PROMPT_LINE = re.compile(r"^table(?::| .+?: )", re.MULTILINE)
_STATEMENT = re.compile(r"\s*(?:SELECT|WITH|VALUES)\b", re.IGNORECASE)


@dataclass(frozen=True)
class ChatQuestion:
    """The question of a chat.

    Attributes:
        text: The question, in words.
        schema: The tables that the messages describe; None if they describe none.
        answered: The questions before it with their statements, the oldest first.
    """

    text: str
    schema: Schema | None
    answered: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, body: ChatBody) -> ChatQuestion:
        """Read a chat.

        The system's messages may hold the tables as CREATE TABLE statements or as the lines of a prompt, and
        the question's message may be a whole prompt, as a model's own chat template takes it. Other words of
        the system are left out, as in that template.

        Raises:
            Refusal: A description of tables cannot be read.
        """
        answered = tuple(
            (asked, statement)
            for asked, reply in body.turns
            if _STATEMENT.match(statement := first_statement(reply))
        )[-MAX_TURNS:]
        try:
            if _PROMPT_LINE.match(body.question.lstrip()):
                prompt = parse_prompt(body.question.strip())
                return cls(prompt.question, prompt.schema, answered)
            return cls(body.question, _described_tables(body.instructions), answered)
        except InputError as error:
            raise Refusal(400, f"messages: {error}", param="messages") from None


def _described_tables(text: str) -> Schema | None:
    """The tables that a system message describes; None if it describes none."""
    if begin := _CREATE_TABLE.search(text):
        # Descriptions for models often have no semicolons between the statements.
        return read_ddl(_CREATE_TABLE.sub(";\n", text[begin.start() :].replace("```", "")))
    if begin := _PROMPT_LINE.search(text):
        return parse_prompt(text[begin.start() :].strip() + "\nQ: ?").schema
    return None
