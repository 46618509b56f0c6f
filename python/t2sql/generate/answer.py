"""`ask`: one question over tables, answered by a model, with the clock of each step."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from t2sql.errors import InputError
from t2sql.generate.backend import Backend, Generation, open_backend
from t2sql.grammar import grammar_of

if TYPE_CHECKING:
    from t2sql.data import Schema
    from t2sql.grammar import Grammar


VALUES = ("free", "question")
"""Where the texts of an answer come from."""


@dataclass(frozen=True)
class Timings:
    """The steps of an answer, as the runtime counts them."""

    load_seconds: float
    prompt_tokens: int
    prompt_seconds: float
    tokens: int
    seconds: float

    @property
    def prompt_tokens_per_second(self) -> float:
        return _rate(self.prompt_tokens, self.prompt_seconds)

    @property
    def tokens_per_second(self) -> float:
        return _rate(self.tokens, self.seconds)

    def lines(self) -> list[str]:
        """The table for people: a line a step."""
        return [
            f"load       {self.load_seconds * 1000:9.1f} ms",
            f"prompt     {self.prompt_seconds * 1000:9.1f} ms  {self.prompt_tokens:5d} tokens "
            f"{self.prompt_tokens_per_second:9.2f} tokens per second",
            f"generation {self.seconds * 1000:9.1f} ms  {self.tokens:5d} tokens "
            f"{self.tokens_per_second:9.2f} tokens per second",
        ]


@dataclass(frozen=True)
class Answer:
    sql: str
    prompt: str
    model: str
    backend: str
    device: str
    weights: str
    generation: Generation
    timings: Timings
    warnings: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        timings = asdict(self.timings) | {
            "prompt_tokens_per_second": self.timings.prompt_tokens_per_second,
            "tokens_per_second": self.timings.tokens_per_second,
        }
        return {
            "sql": self.sql,
            "prompt": self.prompt,
            "model": self.model,
            "backend": self.backend,
            "device": self.device,
            "weights": self.weights,
            "finish": self.generation.finish,
            "timings": timings,
            "warnings": list(self.warnings),
        }


def ask(
    model: str | Backend,
    question: str | None = None,
    *,
    tables: list[str] | None = None,
    schema: Schema | None = None,
    prompt: str | None = None,
    backend: str = "auto",
    max_tokens: int = 128,
    temp: float = 0.0,
    seed: int = 0,
    free: bool = False,
    values: str = "free",
    **options: Any,
) -> Answer:
    """Ask a model (a model argument, or a backend that is open already) for the SQL of a question.

    The tables come as `--table` lines or as a schema, and the answer is a statement of their grammar
    (`t2sql.grammar`) unless `free`; with `values="question"` its texts are words of the question. `prompt`
    replaces tables and question, and is given to the model as it stands. `options` are `open_backend`'s.
    """
    text, asked = _prompt(question, tables, schema, prompt)
    if values not in VALUES:
        raise InputError("unknown --values", expected=" or ".join(VALUES), found=repr(values))
    copied = question if values == "question" else None
    grammars = [] if free or asked is None else [grammar_of(asked, copied)]
    if max_tokens < 1:
        raise InputError("--max-tokens is too small", expected="1 or more", found=max_tokens)
    if not 0 <= temp < float("inf"):
        raise InputError("--temp is out of range", expected="0 or more", found=temp)
    if not isinstance(model, str):
        return _answer(model, text, max_tokens, temp, seed, grammars, raw=prompt is not None)
    opened = open_backend(model, backend, **options)
    try:
        return _answer(opened, text, max_tokens, temp, seed, grammars, raw=prompt is not None)
    finally:
        opened.close()


def _prompt(
    question: str | None, tables: list[str] | None, schema: Schema | None, prompt: str | None
) -> tuple[str, Schema | None]:
    """The model's text, and the schema that it asks about unless it is raw."""
    from t2sql.data import Schema, render_prompt

    if prompt is not None:
        if question or tables or schema is not None:
            raise InputError("--prompt stands alone", hint="Leave out the question and the tables")
        if not prompt.strip():
            raise InputError("the prompt is empty")
        return prompt, None
    if not question or not question.strip():
        raise InputError("the question is empty", expected="a question in words")
    if (schema is None) == (not tables):
        found = "both" if tables else "neither"
        raise InputError("which tables?", expected="--table lines or a schema", found=found)
    if schema is None:
        schema = Schema.from_table_lines(tables or [])
    return render_prompt(schema, question), schema


def _answer(
    backend: Backend,
    prompt: str,
    max_tokens: int,
    temp: float,
    seed: int,
    grammars: list[Grammar],
    *,
    raw: bool,
) -> Answer:
    generation = backend.generate([prompt], max_tokens=max_tokens, temp=temp, seed=seed, grammars=grammars)[0]
    return Answer(
        sql=generation.text,
        prompt=prompt,
        model=backend.model,
        backend=backend.name,
        device=backend.device,
        weights=backend.weights,
        generation=generation,
        timings=Timings(
            load_seconds=backend.load_seconds,
            prompt_tokens=generation.prompt_tokens - generation.cached_tokens,
            prompt_seconds=generation.prompt_seconds,
            tokens=generation.tokens,
            seconds=generation.seconds,
        ),
        warnings=tuple(_warnings(backend, generation, raw)),
    )


def _warnings(backend: Backend, generation: Generation, raw: bool) -> list[str]:
    from t2sql.data import PROMPT_FORMAT

    warnings = []
    if not raw and backend.prompt_format is None:
        warnings.append(
            f"{backend.model} does not say what prompt it was trained on; it is asked with {PROMPT_FORMAT}"
        )
    elif not raw and backend.prompt_format != PROMPT_FORMAT:
        warnings.append(
            f"{backend.model} was trained on the prompt {backend.prompt_format}; "
            f"it is asked with {PROMPT_FORMAT}"
        )
    if generation.finish == "length":
        warnings.append(f"the answer was cut off after {generation.tokens} tokens; see --max-tokens")
    if generation.off_grammar:
        warnings.append("the answer is no statement over these tables")
    if not generation.text:
        warnings.append("the model gave no answer")
    return warnings


def _rate(tokens: int, seconds: float) -> float:
    return tokens / seconds if seconds > 0 else 0.0
