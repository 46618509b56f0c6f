"""Model files side by side: size, speed, and how many questions each answers rightly."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from t2sql.confidence import curve
from t2sql.errors import InputError
from t2sql.evaluate.pairs import Answers, Pair, pairs
from t2sql.evaluate.predictions import MAX_TOKENS, Predictions, open_scorer, predict, subset
from t2sql.generate import Request

if TYPE_CHECKING:
    from t2sql.data import Dataset, Example
    from t2sql.generate import Backend, Generation
    from t2sql.models import ModelRef

Progress = Callable[[int, int, str], None]
Limit = int | None | Mapping[str, int | None]

_TABLE = "table: students\ncolumns: Name, Age, School, Grade, Height, Weight\nQ: "
_CONDITION = " The condition is that the name is equal to Wang Junjian and the age is less than 20 years old."
TUTORIAL_PROMPTS = (
    _TABLE + "How old is Wang Junjian?\nA: ",
    _TABLE + "Query information such as name, age, school, grade, etc." + _CONDITION + "\nA: ",
    _TABLE + "Query information such as name, age, school, grade." + _CONDITION + "\nA: ",
)
"""The three questions that the tutorial asks every file."""


@dataclass(frozen=True)
class Trust:
    """`answered` of the questions have an answer that is not uncertain, by the file's own `min_logprob`; of
    those `right` are right. `curve` is (share answered, share of those right) by threshold."""

    min_logprob: float | None
    answered: int
    right: int
    curve: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Row:
    """One file on one backend. The speeds are of the tutorial's questions, one at a time; `batch_seconds`
    is the wall clock of answering the `n` scored questions together. Counts, not shares."""

    model: str
    path: str
    type: str
    bytes: int
    backend: str
    device: str
    weights: str
    load_seconds: float
    prompt_tps: float
    gen_tps: float
    answers: tuple[str, ...]
    n: int
    of: int
    measure: str
    correct: int
    exact: int
    logical: int
    valid: int
    interval: tuple[float, float]
    classes: dict[str, int]
    kill_rate: float | None
    cut_off: int
    batch_seconds: float
    batch_tokens: int
    grammar: bool
    trust: Trust
    predictions: str | None = None

    @property
    def accuracy(self) -> float:
        return self.correct / self.n if self.n else 0.0

    def to_dict(self) -> dict[str, Any]:
        return asdict(self) | {"accuracy": self.accuracy}


@dataclass(frozen=True)
class Comparison:
    split: str
    seed: int
    rows: list[Row]
    pairs: list[Pair]
    questions: tuple[str, ...] = TUTORIAL_PROMPTS
    warnings: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        return {
            "split": self.split,
            "seed": self.seed,
            "questions": list(self.questions),
            "rows": [row.to_dict() for row in self.rows],
            "pairs": [pair.to_dict() for pair in self.pairs],
            "warnings": self.warnings,
        }


def compare(
    models: Sequence[str | Path],
    dataset: Dataset,
    *,
    split: str = "test",
    backends: Sequence[str] = ("llama", "mlx"),
    limit: Limit = None,
    full: bool = False,
    seed: int = 0,
    max_tokens: int = MAX_TOKENS,
    references: Sequence[str] = (),
    out_dir: Path | None = None,
    force: bool = False,
    base: str | Path | None = None,
    grammar: bool = False,
    progress: Progress | None = None,
) -> Comparison:
    """Ask every file the same questions on every backend that opens it, and the tutorial's three.

    `limit` questions per file, or so many per backend (`{"llama": 200, "mlx": 40}`): a seeded subset, the
    same for all; `full` asks all. `base`, the untrained model that the others are held against, comes
    first and is asked on the first backend alone. Everything is paired with the first model, and with
    those that `references` names. `out_dir` gets each file's predictions. With `grammar` every answer is a
    statement over its question's tables.
    """
    for backend in backends:
        if backend not in ("llama", "mlx"):
            raise InputError("unknown backend", expected="llama or mlx", found=repr(backend))
    work = [*(_work([base], backends[:1]) if base is not None else []), *_work(models, backends)]
    examples = dataset.split(split)
    rows: list[Row] = []
    answers: list[Answers] = []
    warnings: list[str] = []
    for ref, backend in work:
        most = None if full else limit.get(backend) if isinstance(limit, Mapping) else limit
        chosen = subset(examples, most, seed)
        label = f"{ref.name} {backend}"
        if progress is not None:
            progress(0, len(chosen), label)
        out = out_dir / f"{ref.name}.{backend}.{split}.jsonl" if out_dir is not None else None
        row, predictions = _row(
            ref,
            backend,
            dataset,
            chosen,
            len(examples),
            max_tokens,
            out,
            force,
            grammar,
            _labelled(progress, label),
        )
        rows.append(row)
        answers.append(Answers.of(ref.name, predictions))
        if row.cut_off:
            counted = "1 answer was" if row.cut_off == 1 else f"{row.cut_off} answers were"
            warnings.append(f"{label}: {counted} cut off after {max_tokens} tokens")
    return Comparison(split, seed, rows, pairs(answers, references), warnings=warnings)


def _work(models: Sequence[str | Path], backends: Sequence[str]) -> list[tuple[ModelRef, str]]:
    from t2sql import models as room

    if not models:
        raise InputError("no model to compare", expected="one model or more")
    refs = [room.resolve(str(model)) for model in models]
    twins = sorted({ref.name for ref in refs if sum(other.name == ref.name for other in refs) > 1})
    if twins:
        raise InputError("two models have one name", found=", ".join(twins), hint="Rename one of the files")
    work = [
        (ref, backend)
        for ref in refs
        for backend in dict.fromkeys(backends)
        if backend == "mlx" or ref.kind == "gguf"
    ]
    for ref in refs:
        if not any(other is ref for other, _ in work):
            raise InputError("llama.cpp reads GGUF files", where=ref.path, found="a directory")
    return work


def _row(
    ref: ModelRef,
    backend: str,
    dataset: Dataset,
    examples: list[Example],
    of: int,
    max_tokens: int,
    out: Path | None,
    force: bool,
    grammar: bool,
    progress: Progress | None,
) -> tuple[Row, Predictions]:
    prompts = [*TUTORIAL_PROMPTS, *(example.prompt for example in examples)]
    opened = open_scorer(ref.source, backend, prompts, max_tokens=max_tokens)
    try:
        answers = _one_by_one(opened, max_tokens)
        predictions = predict(
            opened,
            dataset,
            examples,
            out,
            max_tokens=max_tokens,
            force=force,
            grammar=grammar,
            progress=progress,
        )
    finally:
        opened.close()
    summary = predictions.summary
    kind, size = _stored(ref)
    return Row(
        model=ref.name,
        path=str(ref.path),
        type=kind,
        bytes=size,
        backend=backend,
        device=opened.device,
        weights=opened.weights,
        load_seconds=opened.load_seconds,
        prompt_tps=_rate(
            sum(a.prompt_tokens - a.cached_tokens for a in answers), sum(a.prompt_seconds for a in answers)
        ),
        gen_tps=_rate(sum(a.tokens for a in answers), sum(a.seconds for a in answers)),
        answers=tuple(answer.text for answer in answers),
        n=summary.n,
        of=of,
        measure=summary.measure,
        correct=summary.correct,
        exact=summary.exact,
        logical=summary.logical,
        valid=summary.valid,
        interval=summary.interval,
        classes=summary.classes,
        kill_rate=summary.kill_rate,
        cut_off=predictions.cut_off,
        batch_seconds=predictions.seconds,
        batch_tokens=sum(generation.tokens for generation in predictions.generations),
        grammar=grammar,
        trust=_trust(predictions),
        predictions=str(out) if out is not None else None,
    ), predictions


def _trust(predictions: Predictions) -> Trust:
    judged, least = predictions.judged, predictions.min_logprob
    answered = [at for at in range(len(judged)) if predictions.status(at) == "answered"]
    right = sum(judged[at][1] for at in answered)
    return Trust(least, len(answered), right, tuple(curve(judged)))


def _one_by_one(backend: Backend, max_tokens: int) -> list[Generation]:
    """The tutorial's questions, each alone, after a warm-up that is not counted."""
    backend.answer(Request("warm up:", max_tokens=2))
    return [backend.answer(Request(prompt, max_tokens=max_tokens)) for prompt in TUTORIAL_PROMPTS]


def _stored(ref: ModelRef) -> tuple[str, int]:
    """(the type that most bytes are stored in, the bytes of the weight files)."""
    if ref.kind == "gguf":
        from t2sql.models import gguf_facts

        return gguf_facts(ref.path).type, ref.bytes
    from t2sql.models import directory_type

    return directory_type(ref.path), sum(file.stat().st_size for file in ref.path.glob("*.safetensors"))


def _labelled(progress: Progress | None, label: str) -> Progress | None:
    if progress is None:
        return None
    return lambda done, total, _: progress(done, total, label)


def _rate(tokens: int, seconds: float) -> float:
    return tokens / seconds if seconds > 0 else 0.0
