"""Paraphrases by a larger model, of which only those stay whose two answers agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from t2sql.data import Example, Splits
from t2sql.errors import ContextError
from t2sql.generate import Backend, Generation, Request
from t2sql.plain import Json
from t2sql.progress import Progress
from t2sql.prompt import render_prompt
from t2sql.remembered import question_key
from t2sql.sql import Reader, SqlError, is_ordered, open_reader, same_result
from t2sql.teaching.prompts import answer_prompt, rephrase_prompt

TAG = "kind:teacher"
"""The tag of examples whose question a teacher wrote."""

_QUESTION_TOKENS, _ANSWER_TOKENS = 96, 256
_TEMPERATURE = 0.8
_MOST_CHARACTERS = 400
_BATCH = 64
_SECONDS, _MOST_ROWS = 5.0, 10_000
_TOO_LONG = "too long for the teacher's context"
_QUOTES = "\"'“”‘’`"


@dataclass(frozen=True)
class Lesson:
    """What a teacher did.

    Attributes:
        asked: Questions that it was given.
        kept: Paraphrases that became examples.
        dropped: Number of the others by reason.
    """

    asked: int
    kept: int
    dropped: dict[str, int]

    def to_json(self) -> dict[str, Json]:
        """The lesson as JSON's own types."""
        return {"asked": self.asked, "kept": self.kept, "dropped": dict(self.dropped)}

    def __str__(self) -> str:
        """The lesson in a sentence."""
        reasons = ", ".join(f"{count} {reason}" for reason, count in self.dropped.items())
        return f"{self.kept} of {self.asked} paraphrases kept" + (f" (not: {reasons})" if reasons else "")


@dataclass
class Teacher:
    """A model that asks a dataset's training questions again in other words.

    It answers each of its own questions as well, and a paraphrase stays only where that answer returns the
    gold statement's rows: then its meaning has hardly changed.

    Attributes:
        backend: The model.
        most: The most questions that it is given; None for all.
        seed: The seed of its random numbers.
        progress: Called after each answer.
        lesson: What it did; None before.
    """

    backend: Backend
    most: int | None = None
    seed: int = 0
    progress: Progress | None = None
    lesson: Lesson | None = None

    def extend(self, splits: Splits, folder: Path) -> Splits:
        """Add paraphrases to the training split.

        Args:
            splits: The examples; those without a database or a statement are passed over.
            folder: The dataset's directory, with the databases.

        Raises:
            WorkError: The model failed.
        """
        # Paraphrases are of training questions only, and may not be a question of another split.
        taken = {question_key(example.question) for examples in splits.values() for example in examples}
        asked = [one for one in splits.get("train", []) if one.sql is not None and one.db is not None]
        asked = asked[: self.most]
        dropped: Counter[str] = Counter()
        added: list[Example] = []
        with ExitStack() as stack:
            names = {example.db for example in asked if example.db is not None}
            readers = {name: stack.enter_context(open_reader(folder / name)) for name in sorted(names)}
            for start in range(0, len(asked), _BATCH):
                batch = asked[start : start + _BATCH]
                pairs = self._rephrased(batch, start, taken, dropped)
                added += self._agreeing(pairs, readers, dropped)
                if self.progress is not None:
                    self.progress(start + len(batch), len(asked), "paraphrases")
        self.lesson = Lesson(len(asked), len(added), dict(dropped.most_common()))
        return {**splits, "train": [*splits.get("train", []), *added]}

    def _rephrased(
        self, batch: Sequence[Example], start: int, taken: set[str], dropped: Counter[str]
    ) -> list[tuple[Example, str]]:
        requests = [
            Request(
                rephrase_prompt(example, start + index),
                max_tokens=_QUESTION_TOKENS,
                temperature=_TEMPERATURE,
                seed=self.seed + start + index,
                stop=("\nQuestion:",),
            )
            for index, example in enumerate(batch)
        ]
        pairs = []
        for example, generation in zip(batch, self._answers(requests), strict=True):
            question = "" if generation is None else _one_question(generation)
            if generation is None:
                dropped[_TOO_LONG] += 1
            elif not question:
                dropped["no question"] += 1
            elif question_key(question) in taken:
                dropped["not new"] += 1
            else:
                taken.add(question_key(question))
                pairs.append((example, question))
        return pairs

    def _agreeing(
        self, pairs: Sequence[tuple[Example, str]], readers: Mapping[str, Reader], dropped: Counter[str]
    ) -> list[Example]:
        requests = [
            Request(answer_prompt(example.schema, question), _ANSWER_TOKENS, seed=self.seed)
            for example, question in pairs
        ]
        kept = []
        for (example, question), generation in zip(pairs, self._answers(requests), strict=True):
            assert example.db is not None and example.sql is not None
            reason: str | None = _TOO_LONG
            if generation is not None:
                reason = _disagreement(readers[example.db], example.sql, generation.text)
            if reason is None:
                kept.append(_example(example, question))
            else:
                dropped[reason] += 1
        return kept

    def _answers(self, requests: Sequence[Request]) -> Sequence[Generation | None]:
        """The answers; None to a prompt that does not fit the model's context."""
        try:
            return self.backend.answers(requests)
        except ContextError:
            return [self._answer(request) for request in requests]

    def _answer(self, request: Request) -> Generation | None:
        try:
            return self.backend.answer(request)
        except ContextError:
            return None


def _one_question(generation: Generation) -> str:
    """The question in a teacher's text; "" where there is none that somebody might ask."""
    text = " ".join(generation.text.split()).strip().strip(_QUOTES).strip()
    if generation.finish == "length" or len(text) > _MOST_CHARACTERS or text.upper().startswith("SELECT "):
        return ""
    return text if any(character.isalpha() for character in text) else ""


def _disagreement(reader: Reader, gold: str, answer: str) -> str | None:
    """Why a teacher's answer does not bear out its question; None where the rows are the same."""
    try:
        expected = reader.execute(gold, timeout=_SECONDS, max_rows=_MOST_ROWS)
        found = reader.execute(answer, timeout=_SECONDS, max_rows=_MOST_ROWS)
    except SqlError:
        return "whose answer does not run"
    if expected.truncated or found.truncated:
        return "with too many rows"
    if expected.is_empty:
        return "with an answer that says nothing"
    same = same_result(expected, found, ordered=is_ordered(gold))
    return None if same else "whose answer has other rows"


def _example(example: Example, question: str) -> Example:
    return replace(
        example,
        id=f"{example.id}-teacher",
        question=question,
        prompt=render_prompt(example.schema, question),
        tags=(*example.tags, TAG),
    )
