"""One example of a dataset, and the JSON line that stores it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from t2sql.plain import JsonObject
from t2sql.schema import Schema

SPLITS = ("train", "valid", "test")
"""The splits of a dataset; each is a file `NAME.jsonl`."""


REMEMBERED_TAG = "kind:remembered"
"""The tag of examples that are answers which the user confirmed."""


@dataclass(frozen=True)
class Example:
    """A question about a schema, and the text that a model should answer with.

    Attributes:
        id: Names the example in its split, such as `test-00001`.
        question: The question, in one line.
        schema: The tables that the prompt shows. It has none where no schema could be read from the source.
        sql: The gold statement; None where the completion is not a statement.
        db: The SQLite file that the statement runs on, relative to the dataset's directory; None where the
            source has no rows.
        source: The source that the example comes from, such as `demo` or a directory's name.
        prompt: What a model is given.
        completion: What a model is trained to write after the prompt.
        tags: What the statement does, such as `aggregate:COUNT`; scores are reported by tag.
        evidence: What the data set says beside the question. Prompts of version 1 have it in the question.
    """

    id: str
    question: str
    schema: Schema
    sql: str | None
    db: str | None
    source: str
    prompt: str
    completion: str
    tags: tuple[str, ...] = ()
    evidence: str = ""

    def to_dict(self) -> JsonObject:
        """Return the JSON line, with `prompt` and `completion` first, as other trainers want them."""
        return {
            "prompt": self.prompt,
            "completion": self.completion,
            "id": self.id,
            "question": self.question,
            "schema": self.schema.to_dict(),
            "sql": self.sql,
            "db": self.db,
            "source": self.source,
            "tags": list(self.tags),
            **({"evidence": self.evidence} if self.evidence else {}),
        }


def with_evidence(question: str, evidence: str) -> str:
    """The question as prompts of version 1 have it, with the evidence in parentheses after it."""
    return f"{question} ({evidence})" if evidence else question


Splits: TypeAlias = dict[str, list[Example]]
"""The examples of each split; a split that a source does not have is missing."""
